#pragma once
// KeyRing: the server's long-lived secrets.
//
//   master.key   32 random bytes, mode 0400. Or handed in (systemd credential, environment): then no file is used.
//   keys         every other secret, wrapped by the master key:
//
//     file = "restante-keys 1" LF ( purpose SP key-id SP base64url(nonce ‖ ciphertext ‖ tag) LF )*
//     purpose = "epoch" | "token" | "refresh" | "vapid"       key-id = 24 hex digits       oldest first: the last one
//     is current associated data = "restante-keys 1" ‖ purpose ‖ key-id
//
// epoch: wraps the data keys of conversations. token: signs access tokens. refresh: authenticates refresh tokens.
// vapid: signs to browser vendors (vapid_key.hpp); a ring of an older version gets one when it is opened.
// Adding a key keeps the older ones (overlap) until remove(). Thread-safe; a change is on the disk before it is used.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/crypto/primitives.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "chat/model/ids.hpp"

namespace adapters::crypto {

enum class KeyPurpose : std::uint8_t { kEpoch, kToken, kRefresh, kVapid };
/// As in the file.
std::string_view name_of(KeyPurpose purpose);

struct RingKey {
  KeyPurpose purpose = KeyPurpose::kEpoch;
  chat::KeyId id;
  Secret secret;
};
using RingKeys = std::vector<RingKey>;  // oldest first

struct KeyRingError {
  enum Cause : std::uint8_t { kMissing, kWeak, kExposed, kDamaged, kUnavailable };
  Cause cause = kUnavailable;
  std::string message;  // says what to do
};

struct KeyRingOptions {
  std::string directory;
  std::optional<Secret> master;  // instead of the file
  /// Make what is missing. An existing installation should not: new keys cannot read what the lost ones sealed.
  bool create = true;
};

class KeyRing {
 public:
  static base::Result<std::unique_ptr<KeyRing>, KeyRingError> open(const KeyRingOptions& options,
                                                                   const base::Clock& clock);

  /// All keys of all purposes as of now; never changes afterwards.
  [[nodiscard]] std::shared_ptr<const RingKeys> keys() const;
  /// Raised by every change: lets others keep what they derived from keys().
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// Adds a key, which becomes the current one of its purpose.
  base::Result<chat::KeyId, KeyRingError> rotate(KeyPurpose purpose);
  /// Destroys a key and with it all that only it can open. The current one of a purpose stays (kDamaged otherwise).
  base::Result<void, KeyRingError> remove(KeyPurpose purpose, const chat::KeyId& id);

 private:
  KeyRing(std::string path, Secret master, const base::Clock& clock)
      : path_(std::move(path)), master_(std::move(master)), clock_(clock) {}
  std::optional<KeyRingError> load(bool create);
  std::optional<KeyRingError> parse(std::string_view text);
  std::optional<KeyRingError> save(RingKeys keys);
  [[nodiscard]] RingKey make(KeyPurpose purpose) const;

  const std::string path_;
  const Secret master_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards keys_; held over a change's write, never by readers for long
  std::mutex change_mutex_;   // one change at a time
  std::shared_ptr<const RingKeys> keys_ = std::make_shared<RingKeys>();
  std::atomic<std::uint64_t> version_{0};
};

/// nullptr: not in the ring. Valid as long as `keys`.
const RingKey* find_key(const RingKeys& keys, KeyPurpose purpose, const chat::KeyId& id);
/// The newest; CHECK: every opened ring has one of each purpose.
const RingKey& current_key(const RingKeys& keys, KeyPurpose purpose);

}  // namespace adapters::crypto
