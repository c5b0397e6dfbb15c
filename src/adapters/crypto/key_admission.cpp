#include "adapters/crypto/key_admission.hpp"

#include <algorithm>
#include <thread>

#include "adapters/crypto/content_sealer.hpp"

namespace adapters::crypto {

namespace {

constexpr std::string_view kContext = "restante key check 1";
/// Nodes that start at the same moment are first by turns; each try of a loser follows another node's success.
constexpr int kTries = 20;
constexpr std::chrono::milliseconds kPause{50};

std::string check_of(const RingKey& key) {
  const auto mac = hmac_sha256(key.secret.view(),
                               std::string(kContext) + std::string(name_of(key.purpose)) + std::string(key.id.view()));
  return {mac.begin(), mac.end()};
}

std::string wrong_files(const std::string& directory, const std::string& why) {
  return "the key files in " + directory + " are not those of the store: " + why +
         "; copy master.key and keys of a node that serves it into " + directory +
         ", or restore them from the backup of this store's keys";
}

/// Every key that the store knows has to be there, and be the same.
std::optional<std::string> compare(const RingKeys& keys, const std::vector<chat::KeyCheck>& known,
                                   const std::string& directory) {
  for (const auto& check : known) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const RingKey& key) { return key.id == check.key; });
    if (found == keys.end()) return wrong_files(directory, "they lack its key " + check.key.hex());
    if (!equal_in_constant_time(check_of(*found), check.check)) {
      return wrong_files(directory, "its key " + check.key.hex() + " is another one");
    }
  }
  return std::nullopt;
}

/// Of a store that an earlier version filled, which knows no keys: what it holds has to be ours.
std::optional<std::string> try_newest(const RingKeys& keys, const chat::KeyCheckStore& store,
                                      const std::string& directory) {
  const auto newest = store.newest_key();
  if (!newest && newest.error() != chat::StoreError::kCorrupt) return "the store cannot be read";
  if (!newest || !*newest || unwrap_data_key(keys, **newest)) return std::nullopt;
  return wrong_files(directory, "they do not open what was stored last");
}

std::vector<chat::KeyCheck> unknown_of(const RingKeys& keys, const std::vector<chat::KeyCheck>& known) {
  std::vector<chat::KeyCheck> fresh;
  for (const auto& key : keys) {
    const bool there =
        std::any_of(known.begin(), known.end(), [&](const chat::KeyCheck& check) { return check.key == key.id; });
    if (!there) fresh.push_back({key.id, check_of(key)});
  }
  return fresh;
}

}  // namespace

std::optional<std::string> refuse_ring(const KeyRing& ring, chat::KeyCheckStore& store, const std::string& directory) {
  const auto keys = ring.keys();
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kPause);
    const auto known = store.key_checks();
    if (!known && known.error() == chat::StoreError::kCorrupt) {
      return "what the store knows of its keys is damaged; restore the store from a backup";
    }
    if (!known) return "the store cannot be read";
    if (auto refused = compare(*keys, *known, directory)) return refused;
    if (known->empty()) {
      if (auto refused = try_newest(*keys, store, directory)) return refused;
    }
    const auto fresh = unknown_of(*keys, *known);
    if (fresh.empty()) return std::nullopt;
    const auto added = store.add_key_checks(known->size(), fresh);
    if (!added) return "the store cannot be written";
    if (*added) return std::nullopt;
  }
  return "too many nodes open the store at the same moment; start again";
}

}  // namespace adapters::crypto
