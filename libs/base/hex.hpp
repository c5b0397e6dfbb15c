#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// Lower-case hex, two digits a byte.
std::string to_hex(std::string_view bytes);
/// The inverse, either case; nullopt for an odd length or another character.
std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648 §5 without padding.
std::string to_base64url(std::string_view bytes);
/// Strict inverse: no padding, no white space, canonical trailing bits; nullopt otherwise.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace base
