#include "adapters/crypto/content_sealer.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace adapters::crypto {

namespace {

constexpr char kVersion = 1;
constexpr char kAes256Gcm = 1;
constexpr std::size_t kIdBytes = sizeof(base::ObjectIdBytes);
constexpr std::size_t kSealedHeader = 2 + kIdBytes;
constexpr std::size_t kWrappedHeader = 1 + kIdBytes;
constexpr std::string_view kDataKey = "data key";
/// A key that has sealed this often is not evicted: its count must not start again. Few can ever be so busy.
constexpr std::uint64_t kBusyKey = std::uint64_t{1} << 24;

std::string associated_with(const chat::KeyId& key, const chat::ContentBinding& binding) {
  std::string text;
  text.reserve(1 + 4 * kIdBytes);
  text += kVersion;
  text += key.view();
  text += binding.message.view();
  text += binding.sender.view();
  text += binding.recipient.view();
  return text;
}

std::string associated_with(const chat::KeyId& key, const chat::ConversationKey& conversation) {
  std::string text;
  text += kVersion;
  text += kDataKey;
  text += key.view();
  text += conversation.low.view();
  text += conversation.high.view();
  return text;
}

/// nullopt: not in our format.
std::optional<chat::KeyId> epoch_key_of(const chat::WrappedKey& key) {
  if (key.wrapped.size() != kWrappedHeader + kNonceBytes + kKeyBytes + kTagBytes || key.wrapped[0] != kVersion) {
    return std::nullopt;
  }
  chat::KeyId id;
  std::copy_n(key.wrapped.begin() + 1, kIdBytes, id.bytes.begin());
  return id;
}

base::WallTime made_at(const chat::KeyId& id) {
  std::uint32_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds = (seconds << 8) | id.bytes[i];
  return base::WallTime(std::chrono::seconds(seconds));
}

}  // namespace

base::Result<Secret, chat::CipherError> unwrap_data_key(const RingKeys& keys, const chat::WrappedKey& key) {
  const auto epoch_id = epoch_key_of(key);
  if (!epoch_id) return base::fail(chat::CipherError::kUnreadable);
  const RingKey* const epoch = find_key(keys, KeyPurpose::kEpoch, *epoch_id);
  if (epoch == nullptr) return base::fail(chat::CipherError::kUnknownKey);
  std::string bytes;
  const auto sealed = std::string_view(key.wrapped).substr(kWrappedHeader);
  if (!append_opened(bytes, epoch->secret, associated_with(key.id, key.conversation), sealed)) {
    return base::fail(chat::CipherError::kUnreadable);
  }
  Secret secret(bytes);
  wipe(bytes);
  return secret;
}

ContentSealer::ContentSealer(const KeyRing& ring, const base::Clock& clock, std::size_t cached_keys,
                             std::uint64_t seals_per_key)
    : ring_(ring),
      clock_(clock),
      keys_per_shard_(std::max<std::size_t>(cached_keys / kShards, 1)),
      seals_per_key_(seals_per_key) {}

ContentSealer::Shard& ContentSealer::shard_of(const chat::KeyId& id) const {
  return shards_[id.bytes.back() % kShards];
}

chat::WrappedKey ContentSealer::create_key(const chat::ConversationKey& conversation) {
  const auto keys = ring_.keys();
  const RingKey& epoch = current_key(*keys, KeyPurpose::kEpoch);
  base::SecureRandom random;
  chat::WrappedKey key{chat::KeyId::make(clock_.wall_now(), random), conversation, {}};
  const Secret secret = Secret::random();
  key.wrapped += kVersion;
  key.wrapped += epoch.id.view();
  append_sealed(key.wrapped, epoch.secret, associated_with(key.id, conversation), secret.view());
  Shard& shard = shard_of(key.id);
  const std::lock_guard lock(shard.mutex);
  make_room(shard);
  shard.keys.emplace(key.id, CachedKey{secret});
  return key;
}

base::Result<chat::SealedContent, chat::CipherError> ContentSealer::seal(const chat::WrappedKey& key,
                                                                         const chat::ContentBinding& binding,
                                                                         std::string_view plaintext) {
  const auto secret = secret_of(key, 1);
  if (!secret) return base::fail(secret.error());
  chat::SealedContent sealed{key.id, {}};
  sealed.bytes.reserve(kSealedHeader + kNonceBytes + plaintext.size() + kTagBytes);
  sealed.bytes += kVersion;
  sealed.bytes += kAes256Gcm;
  sealed.bytes += key.id.view();
  append_sealed(sealed.bytes, *secret, associated_with(key.id, binding), plaintext);
  return sealed;
}

base::Result<std::string, chat::CipherError> ContentSealer::open(const chat::WrappedKey& key,
                                                                 const chat::ContentBinding& binding,
                                                                 const chat::SealedContent& sealed) {
  const std::string_view bytes = sealed.bytes;
  const bool ours = bytes.size() >= kSealedHeader + kNonceBytes + kTagBytes && bytes[0] == kVersion &&
                    bytes[1] == kAes256Gcm && bytes.substr(2, kIdBytes) == key.id.view() && sealed.key == key.id;
  if (!ours) return base::fail(chat::CipherError::kUnreadable);
  const auto secret = secret_of(key, 0);
  if (!secret) return base::fail(secret.error());
  std::string plaintext;
  if (!append_opened(plaintext, *secret, associated_with(key.id, binding), bytes.substr(kSealedHeader))) {
    return base::fail(chat::CipherError::kUnreadable);
  }
  return plaintext;
}

bool ContentSealer::should_rotate(const chat::WrappedKey& key) const {
  const auto epoch = epoch_key_of(key);
  const auto keys = ring_.keys();
  if (!epoch || *epoch != current_key(*keys, KeyPurpose::kEpoch).id) return true;
  if (clock_.wall_now() - made_at(key.id) > kMaxKeyAge) return true;
  Shard& shard = shard_of(key.id);
  const std::lock_guard lock(shard.mutex);
  const auto cached = shard.keys.find(key.id);
  return cached != shard.keys.end() && cached->second.seals >= seals_per_key_;
}

std::size_t ContentSealer::cached_keys() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.keys.size();
  }
  return count;
}

base::Result<Secret, chat::CipherError> ContentSealer::secret_of(const chat::WrappedKey& key, std::uint64_t seals) {
  Shard& shard = shard_of(key.id);
  const std::lock_guard lock(shard.mutex);
  auto cached = shard.keys.find(key.id);
  if (cached == shard.keys.end()) {
    const auto secret = unwrap(key);
    if (!secret) return base::fail(secret.error());
    make_room(shard);
    cached = shard.keys.emplace(key.id, CachedKey{*secret}).first;
  }
  if (cached->second.seals + seals > seals_per_key_) return base::fail(chat::CipherError::kUnknownKey);
  cached->second.seals += seals;
  return cached->second.secret;
}

base::Result<Secret, chat::CipherError> ContentSealer::unwrap(const chat::WrappedKey& key) const {
  auto secret = unwrap_data_key(*ring_.keys(), key);
  if (!secret && secret.error() == chat::CipherError::kUnknownKey) note_unknown(*epoch_key_of(key));
  return secret;
}

void ContentSealer::note_unknown(const chat::KeyId& epoch) const {
  unknown_keys_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(named_mutex_);
  if (named_.size() >= kNamedKeys || !named_.insert(epoch).second) return;
  base::log::error("contents are sealed with a key that this node lacks; copy the key files of the other nodes",
                   {{"key", epoch.hex()}});
}

void ContentSealer::make_room(Shard& shard) const {
  // Which key goes is of no matter (unwrapping costs a microsecond), as long as it is not one whose count matters.
  for (auto at = shard.keys.begin(); shard.keys.size() >= keys_per_shard_ && at != shard.keys.end();) {
    const bool busy = at->second.seals >= std::min(kBusyKey, seals_per_key_);
    at = busy ? std::next(at) : shard.keys.erase(at);
  }
}

}  // namespace adapters::crypto
