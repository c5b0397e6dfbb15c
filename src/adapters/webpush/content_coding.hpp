#pragma once
// The content coding aes128gcm (RFC 8188), one record:
//
//   body   = salt 16 ‖ record size 4 ‖ length 1 ‖ key id ‖ ciphertext ‖ tag 16       numbers big-endian
//   record = content ‖ 0x02 (the last one's delimiter), under AES-128-GCM
//   prk    = HMAC-SHA-256(salt, input keying material)
//   key    = first 16 of HKDF-Expand(prk, "Content-Encoding: aes128gcm" ‖ 0), nonce = first 12 of "Content-Encoding:
//   nonce" ‖ 0

#include <cstddef>
#include <string>
#include <string_view>

namespace adapters::webpush {

inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kRecordBytes = 4096;
/// RFC 8291 §4: what a push service must take is 4096 bytes, header, key id of 65 bytes and record together.
inline constexpr std::size_t kMaxPlaintextBytes = 3993;

/// HKDF (RFC 5869) with SHA-256, extract and expand, for up to 32 bytes.
[[nodiscard]] std::string hkdf(std::string_view salt, std::string_view key_material, std::string_view context,
                               std::size_t bytes);

/// CHECK: a salt of kSaltBytes, used for nothing else; a key id below 256 bytes; at most kMaxPlaintextBytes of content.
[[nodiscard]] std::string encode_aes128gcm(std::string_view salt, std::string_view key_material,
                                           std::string_view key_id, std::string_view content);

}  // namespace adapters::webpush
