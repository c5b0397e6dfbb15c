#pragma once
// What usernames, e-mail addresses and passwords may look like. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace chat {

inline constexpr std::size_t kMinUsername = 3;
inline constexpr std::size_t kMaxUsername = 32;  // fits a list entry; ASCII, so bytes are characters
inline constexpr std::size_t kMaxEmail = 254;    // RFC 5321 §4.5.3.1.3, a path without its angle brackets
inline constexpr std::size_t kMaxEmailLocal = 64;
inline constexpr std::size_t kMinPassword = 8;
inline constexpr std::size_t kMaxPassword =
    128;  // characters (code points); Argon2 hashes any length, memory is bounded

/// 3..32 of [A-Za-z0-9._-]. Unique without regard to ASCII case.
[[nodiscard]] bool is_username(std::string_view text);
/// One `@`; before it 1..64 visible ASCII characters without quotes and brackets; after it a host name with a dot,
/// labels of 1..63 letters, digits and inner hyphens; at most 254 in all. Whether somebody reads it, only a letter
/// could tell.
[[nodiscard]] bool is_email(std::string_view text);
/// 8..128 characters of valid UTF-8, no control characters.
[[nodiscard]] bool is_password(std::string_view text);
/// What usernames and e-mail addresses are compared by: ASCII letters in lower case.
[[nodiscard]] std::string fold_case(std::string_view text);

}  // namespace chat
