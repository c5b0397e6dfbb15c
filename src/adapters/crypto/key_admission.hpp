#pragma once
// May a store be opened with this ring? (docs/adr/0011-the-store-knows-its-keys.md)
//
//   check = HMAC-SHA-256(secret, "restante key check 1" ‖ purpose ‖ key-id)        never the secret, nor anything of it
//
// A ring has to hold every key that the store was ever used with: contents may be sealed with any of them, and a ring
// that lacks one is another installation's, or older than the store. Keys that the store does not know of become known.

#include <optional>
#include <string>

#include "adapters/crypto/key_ring.hpp"
#include "chat/ports/key_checks.hpp"

namespace adapters::crypto {

/// nullopt: yes, and the store knows all keys of the ring from now on. Else why not, one line for an operator; nothing
/// is written then. `directory`: where the ring's files are, for that line. A store without checks is believed to
/// belong to this ring if the ring opens its youngest data key. Blocks on the store; CHECKs nothing.
std::optional<std::string> refuse_ring(const KeyRing& ring, chat::KeyCheckStore& store, const std::string& directory);

}  // namespace adapters::crypto
