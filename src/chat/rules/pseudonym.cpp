#include "chat/rules/pseudonym.hpp"

#include <bit>

#include "base/base64.hpp"

namespace chat {
namespace {

std::uint64_t little_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t sip_hash(const PseudonymKey& key, std::string_view bytes) {
  const auto k0 = little_endian(key.data());
  const auto k1 = little_endian(key.data() + 8);
  SipState state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * (i % 8));
    if (i % 8 != 7) continue;
    state.take(word);
    word = 0;
  }
  state.take(word | std::uint64_t{bytes.size() & 0xFF} << 56);
  state.v2 ^= 0xFF;
  state.rounds(4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::string pseudonym(const PseudonymKey& key, std::string_view purpose, std::string_view bytes) {
  std::string halves;
  for (const char half : {'a', 'b'}) {
    // NUL ends the purpose: no two pairs of purpose and bytes look alike.
    const std::string text = half + std::string(purpose) + '\0' + std::string(bytes);
    const auto value = sip_hash(key, text);
    for (int i = 0; i < 8; ++i) halves += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  std::string out;
  base::append_base64(out, halves);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

}  // namespace chat
