#pragma once
// What a store knows of the keys that it is used with, so that a node with the wrong key files is refused before it
// reads or writes anything (docs/adr/0011-the-store-knows-its-keys.md).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "chat/ports/mail_store.hpp"

namespace chat {

/// That a key is known, without the key: `check` cannot be told from random bytes by whoever has not got it.
struct KeyCheck {
  KeyId key;
  std::string check;

  friend bool operator==(const KeyCheck&, const KeyCheck&) = default;
};

/// The list only grows. Used while a store is opened, by one thread; several processes may do so at once.
class KeyCheckStore {
 public:
  virtual ~KeyCheckStore() = default;
  /// All of them, oldest first; empty: no keys were ever used with this store, or by a version that left none. kCorrupt
  /// when one cannot be read: nothing may be concluded then.
  [[nodiscard]] virtual Read<std::vector<KeyCheck>> key_checks() const = 0;
  /// Appends `fresh` in one atomic and durable step if the list has exactly `known` elements; false: it has not, others
  /// were first. An unknown outcome is kUnavailable: read the list again.
  [[nodiscard]] virtual base::Result<bool, StoreError> add_key_checks(std::size_t known,
                                                                      const std::vector<KeyCheck>& fresh) = 0;
  /// The wrapped data key with the highest id, which is the youngest; nullopt: nothing was ever sealed here.
  [[nodiscard]] virtual Read<std::optional<WrappedKey>> newest_key() const = 0;
};

/// Asked by a store that is being opened for writing, when it can be read and before anything else is written to it.
/// `created`: nobody has ever opened it before. An answer is why it must not be opened, one line for an operator.
using KeyAdmission = std::function<std::optional<std::string>(KeyCheckStore& store, bool created)>;

}  // namespace chat
