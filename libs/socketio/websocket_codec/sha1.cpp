#include "socketio/websocket_codec/sha1.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace websocket_codec {
namespace {

using State = std::array<std::uint32_t, 5>;
constexpr std::size_t kBlock = 64;
constexpr std::size_t kLengthField = 8;

std::uint32_t big_endian_word(const std::uint8_t* at) {
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) | at[3];
}

void absorb(State& state, const std::uint8_t* block) {
  std::uint32_t w[80];
  for (std::size_t t = 0; t < 16; ++t) w[t] = big_endian_word(block + 4 * t);
  for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  auto [a, b, c, d, e] = state;
  for (std::size_t t = 0; t < 80; ++t) {
    std::uint32_t mixed;
    if (t < 20) {
      mixed = ((b & c) | (~b & d)) + 0x5A827999u;
    } else if (t < 40) {
      mixed = (b ^ c ^ d) + 0x6ED9EBA1u;
    } else if (t < 60) {
      mixed = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
    } else {
      mixed = (b ^ c ^ d) + 0xCA62C1D6u;
    }
    const std::uint32_t next = std::rotl(a, 5) + mixed + e + w[t];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

}  // namespace

Sha1Digest sha1(std::string_view message) {
  State state{0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
  const auto* at = reinterpret_cast<const std::uint8_t*>(message.data());
  std::size_t left = message.size();
  for (; left >= kBlock; at += kBlock, left -= kBlock) absorb(state, at);

  std::uint8_t tail[2 * kBlock] = {};
  if (left != 0) std::memcpy(tail, at, left);
  tail[left] = 0x80;
  const std::size_t tail_size = left + 1 + kLengthField <= kBlock ? kBlock : 2 * kBlock;
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  for (std::size_t i = 0; i < kLengthField; ++i) {
    tail[tail_size - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  absorb(state, tail);
  if (tail_size > kBlock) absorb(state, tail + kBlock);

  Sha1Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

}  // namespace websocket_codec
