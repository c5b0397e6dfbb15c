#pragma once
// ContentSealer: message contents at rest (docs/security.md, "Encryption at rest").
//
//   stored  = version 1 ‖ algorithm 1 (AES-256-GCM) ‖ key-id 12 ‖ nonce 12 ‖ ciphertext ‖ tag 16
//   associated data = version ‖ key-id ‖ message-id ‖ sender ‖ recipient
//
//   wrapped = version 1 ‖ epoch-key-id 12 ‖ nonce 12 ‖ ciphertext 32 ‖ tag 16         (a data key)
//   associated data = version ‖ "data key" ‖ key-id ‖ low ‖ high
//
// Nonces are random: a data key may seal kSealsPerKey times. The count is kept in memory as long as the key is cached
// (a busy key is never evicted) and starts again with the process; kMaxKeyAge bounds what restarts can add: a
// conversation would have to go on at 1 600 messages a second for the whole time to reach the budget unseen.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <unordered_map>

#include "adapters/crypto/key_ring.hpp"
#include "chat/ports/content_cipher.hpp"

namespace adapters::crypto {

/// The data key itself. kUnknownKey: these keys lack the epoch key that wrapped it; kUnreadable: it is damaged.
base::Result<Secret, chat::CipherError> unwrap_data_key(const RingKeys& keys, const chat::WrappedKey& key);

class ContentSealer final : public chat::ContentCipher {
 public:
  static constexpr std::uint64_t kSealsPerKey = std::uint64_t{1} << 32;  // NIST SP 800-38D §8.3, random nonces
  static constexpr std::chrono::hours kMaxKeyAge{30 * 24};
  static constexpr std::size_t kDefaultCachedKeys = 64 * 1024;  // some 8 MB

  /// Borrows both. `seals_per_key` is lowered by tests only.
  ContentSealer(const KeyRing& ring, const base::Clock& clock, std::size_t cached_keys = kDefaultCachedKeys,
                std::uint64_t seals_per_key = kSealsPerKey);

  [[nodiscard]] chat::WrappedKey create_key(const chat::ConversationKey& conversation) override;
  /// kUnknownKey also when the key's budget is spent: nothing may be sealed with it any more.
  [[nodiscard]] base::Result<chat::SealedContent, chat::CipherError> seal(const chat::WrappedKey& key,
                                                                          const chat::ContentBinding& binding,
                                                                          std::string_view plaintext) override;
  [[nodiscard]] base::Result<std::string, chat::CipherError> open(const chat::WrappedKey& key,
                                                                  const chat::ContentBinding& binding,
                                                                  const chat::SealedContent& sealed) override;
  /// Also true when the key is older than kMaxKeyAge.
  [[nodiscard]] bool should_rotate(const chat::WrappedKey& key) const override;

  /// Unwrapped keys in memory now.
  [[nodiscard]] std::size_t cached_keys() const;
  /// How often a content could not be opened, or sealed on, because the ring lacks its epoch key. Each such key is
  /// named in the log once.
  [[nodiscard]] std::uint64_t unknown_keys() const { return unknown_keys_.load(std::memory_order_relaxed); }

 private:
  struct CachedKey {
    Secret secret;
    std::uint64_t seals = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<chat::KeyId, CachedKey> keys;
  };
  static constexpr std::size_t kNamedKeys = 64;  // remembered as logged; rotations are rare
  static constexpr std::size_t kShards = 16;     // a lock is held for a look-up only

  Shard& shard_of(const chat::KeyId& id) const;
  /// The data key; `seals`: counts that many against its budget.
  base::Result<Secret, chat::CipherError> secret_of(const chat::WrappedKey& key, std::uint64_t seals);
  base::Result<Secret, chat::CipherError> unwrap(const chat::WrappedKey& key) const;
  void note_unknown(const chat::KeyId& epoch) const;
  void make_room(Shard& shard) const;

  const KeyRing& ring_;
  const base::Clock& clock_;
  const std::size_t keys_per_shard_;
  const std::uint64_t seals_per_key_;
  mutable std::array<Shard, kShards> shards_;
  mutable std::atomic<std::uint64_t> unknown_keys_{0};
  mutable std::mutex named_mutex_;
  mutable std::set<chat::KeyId> named_;
};

}  // namespace adapters::crypto
