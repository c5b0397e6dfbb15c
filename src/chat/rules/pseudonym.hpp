#pragma once
// Opaque names for what leaves the house: a provider can tell that two pushes are for the same device (it must, to
// collapse them), and nothing else. SipHash-2-4 (Aumasson and Bernstein, 2012) under a secret key, twice for 128 bits.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace chat {

using PseudonymKey = std::array<std::uint8_t, 16>;

[[nodiscard]] std::uint64_t sip_hash(const PseudonymKey& key, std::string_view bytes);

/// 22 characters of base64url; the same for the same key, purpose and bytes.
[[nodiscard]] std::string pseudonym(const PseudonymKey& key, std::string_view purpose, std::string_view bytes);

}  // namespace chat
