#include "adapters/crypto/key_ring.hpp"

#include <algorithm>
#include <bitset>
#include <filesystem>

#include "adapters/crypto/secret_file.hpp"
#include "adapters/crypto/vapid_key.hpp"
#include "base/hex.hpp"

namespace adapters::crypto {

namespace {

constexpr std::string_view kFormat = "restante-keys 1";
constexpr std::size_t kMaxKeysFile = 1024 * 1024;  // thousands of rotations
constexpr std::size_t kMinDistinctBytes = 12;      // 32 random bytes have fewer once in about 10^12 draws
// The one that older rings lack comes first in the file: a file that was cut then lacks another, and is noticed.
constexpr KeyPurpose kPurposes[] = {KeyPurpose::kVapid, KeyPurpose::kEpoch, KeyPurpose::kToken, KeyPurpose::kRefresh};

std::string associated_with(KeyPurpose purpose, const std::string& id_hex) {
  return std::string(kFormat) + std::string(name_of(purpose)) + id_hex;
}

bool holds(const RingKeys& keys, KeyPurpose purpose) {
  return std::any_of(keys.begin(), keys.end(), [&](const RingKey& key) { return key.purpose == purpose; });
}

bool weak(std::string_view secret) {
  std::bitset<256> seen;
  for (const char c : secret) seen.set(static_cast<unsigned char>(c));
  return seen.count() < kMinDistinctBytes;
}

KeyRingError error_of(KeyRingError::Cause cause, std::string message) {
  return {cause, std::move(message)};
}

base::Result<Secret, KeyRingError> read_master(const std::string& path) {
  const auto content = read_secret_file(path, 4096);
  if (!content) return base::fail(error_of(KeyRingError::kExposed, content.error().message));
  if (!*content) {
    return base::fail(error_of(KeyRingError::kMissing, path +
                                                           " is missing; restore it from a backup: without it nothing "
                                                           "that the server stored can be read"));
  }
  if ((*content)->size() != kKeyBytes) {
    return base::fail(error_of(KeyRingError::kWeak, path + " must hold exactly 32 random bytes; for a new installation "
                                                           "delete it and the server makes one"));
  }
  return Secret(**content);
}

base::Result<Secret, KeyRingError> make_master(const std::string& path) {
  Secret secret = Secret::random();
  if (const auto written = write_secret_file(path, secret.view(), true); !written) {
    return base::fail(error_of(KeyRingError::kUnavailable, written.error().message));
  }
  return secret;
}

std::optional<RingKey> parse_line(const Secret& master, std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto* const purpose = std::find_if(std::begin(kPurposes), std::end(kPurposes),
                                           [&](KeyPurpose each) { return name_of(each) == line.substr(0, first); });
  const auto id = chat::KeyId::from_hex(line.substr(first + 1, second - first - 1));
  const auto wrapped = base::from_base64url(line.substr(second + 1));
  if (purpose == std::end(kPurposes) || !id || !wrapped) return std::nullopt;
  std::string secret;
  if (!append_opened(secret, master, associated_with(*purpose, id->hex()), *wrapped)) return std::nullopt;
  if (secret.size() != kKeyBytes) return std::nullopt;
  RingKey key{*purpose, *id, Secret(secret)};
  wipe(secret);
  return key;
}

}  // namespace

std::string_view name_of(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kEpoch:
      return "epoch";
    case KeyPurpose::kToken:
      return "token";
    case KeyPurpose::kRefresh:
      return "refresh";
    case KeyPurpose::kVapid:
      return "vapid";
  }
  return "";
}

const RingKey* find_key(const RingKeys& keys, KeyPurpose purpose, const chat::KeyId& id) {
  for (const auto& key : keys) {
    if (key.purpose == purpose && key.id == id) return &key;
  }
  return nullptr;
}

const RingKey& current_key(const RingKeys& keys, KeyPurpose purpose) {
  const auto found =
      std::find_if(keys.rbegin(), keys.rend(), [&](const RingKey& key) { return key.purpose == purpose; });
  CHECK(found != keys.rend());
  return *found;
}

base::Result<std::unique_ptr<KeyRing>, KeyRingError> KeyRing::open(const KeyRingOptions& options,
                                                                   const base::Clock& clock) {
  const auto directory = std::filesystem::path(options.directory);
  std::error_code ignored;  // what is wrong shows when the files are written
  std::filesystem::create_directories(directory, ignored);
  const std::string master_path = (directory / "master.key").string();
  const std::string keys_path = (directory / "keys").string();
  const bool fresh = options.create && !std::filesystem::exists(keys_path, ignored);
  std::optional<Secret> master = options.master;
  if (!master) {
    const bool make = fresh && !std::filesystem::exists(master_path, ignored);
    auto read = make ? make_master(master_path) : read_master(master_path);
    if (!read) return base::fail(read.error());
    master = *read;
  }
  if (weak(master->view())) {
    return base::fail(error_of(KeyRingError::kWeak, "the master key is not random; use 32 bytes of /dev/urandom"));
  }
  std::unique_ptr<KeyRing> ring(new KeyRing(keys_path, *master, clock));
  if (auto error = ring->load(fresh)) return base::fail(std::move(*error));
  return ring;
}

std::optional<KeyRingError> KeyRing::load(bool create) {
  if (create) {
    RingKeys keys;
    for (const KeyPurpose purpose : kPurposes) keys.push_back(make(purpose));
    return save(std::move(keys));
  }
  const auto content = read_secret_file(path_, kMaxKeysFile);
  if (!content) return error_of(KeyRingError::kExposed, content.error().message);
  if (!*content) {
    return error_of(KeyRingError::kMissing,
                    path_ + " is missing; restore it from a backup: without it stored messages cannot be read");
  }
  if (auto error = parse(**content)) return error;
  if (holds(*keys(), KeyPurpose::kVapid)) return std::nullopt;
  RingKeys more = *keys();
  more.insert(more.begin(), make(KeyPurpose::kVapid));
  return save(std::move(more));
}

std::optional<KeyRingError> KeyRing::parse(std::string_view text) {
  RingKeys keys;
  bool first_line = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos || (first_line && line != kFormat)) {
      return error_of(KeyRingError::kDamaged, path_ + " is damaged or of another version; restore it from a backup");
    }
    if (!first_line) {
      auto key = parse_line(master_, line);
      if (!key) {
        return error_of(KeyRingError::kDamaged,
                        path_ + " cannot be opened with this master key; restore both from one backup");
      }
      keys.push_back(std::move(*key));
    }
    first_line = false;
    text.remove_prefix(end + 1);
  }
  for (const KeyPurpose purpose : kPurposes) {
    if (purpose != KeyPurpose::kVapid && !holds(keys, purpose)) {
      return error_of(KeyRingError::kDamaged, path_ + " lacks a key; restore it from a backup");
    }
  }
  keys_ = std::make_shared<const RingKeys>(std::move(keys));
  return std::nullopt;
}

std::optional<KeyRingError> KeyRing::save(RingKeys keys) {
  std::string text = std::string(kFormat) + "\n";
  for (const auto& key : keys) {
    const std::string id = key.id.hex();
    std::string wrapped;
    append_sealed(wrapped, master_, associated_with(key.purpose, id), key.secret.view());
    text += std::string(name_of(key.purpose)) + " " + id + " " + base::to_base64url(wrapped) + "\n";
  }
  if (const auto written = write_secret_file(path_, text, false); !written) {
    return error_of(KeyRingError::kUnavailable, written.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    keys_ = std::make_shared<const RingKeys>(std::move(keys));
  }
  version_.fetch_add(1, std::memory_order_acq_rel);
  return std::nullopt;
}

RingKey KeyRing::make(KeyPurpose purpose) const {
  base::SecureRandom random;
  Secret secret = Secret::random();
  while (purpose == KeyPurpose::kVapid && !VapidKey::is_scalar(secret)) secret = Secret::random();
  return {purpose, chat::KeyId::make(clock_.wall_now(), random), secret};
}

std::shared_ptr<const RingKeys> KeyRing::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

base::Result<chat::KeyId, KeyRingError> KeyRing::rotate(KeyPurpose purpose) {
  const std::lock_guard change(change_mutex_);
  RingKeys next = *keys();
  next.push_back(make(purpose));
  const chat::KeyId id = next.back().id;
  if (auto error = save(std::move(next))) return base::fail(std::move(*error));
  return id;
}

base::Result<void, KeyRingError> KeyRing::remove(KeyPurpose purpose, const chat::KeyId& id) {
  const std::lock_guard change(change_mutex_);
  RingKeys next = *keys();
  if (current_key(next, purpose).id == id) {
    return base::fail(error_of(KeyRingError::kDamaged, "the current key cannot be removed; rotate first"));
  }
  std::erase_if(next, [&](const RingKey& key) { return key.purpose == purpose && key.id == id; });
  if (auto error = save(std::move(next))) return base::fail(std::move(*error));
  return {};
}

}  // namespace adapters::crypto
