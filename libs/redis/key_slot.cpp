#include "redis/key_slot.hpp"

#include <array>

namespace redis {

namespace {

constexpr std::uint16_t kPolynomial = 0x1021;

/// The remainder of each byte, shifted as if more bytes followed.
constexpr std::array<std::uint16_t, 256> make_remainders() {
  std::array<std::uint16_t, 256> remainders{};
  for (unsigned byte = 0; byte < remainders.size(); ++byte) {
    unsigned remainder = byte << 8;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 0x8000) != 0 ? (remainder << 1) ^ kPolynomial : remainder << 1;
    }
    remainders[byte] = static_cast<std::uint16_t>(remainder);
  }
  return remainders;
}
constexpr auto kRemainders = make_remainders();

std::string_view hashed_part(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

}  // namespace

std::uint16_t key_slot(std::string_view key) {
  unsigned remainder = 0;
  for (const char c : hashed_part(key)) {
    const unsigned index = (remainder >> 8) ^ static_cast<unsigned char>(c);
    remainder = ((remainder << 8) & 0xffff) ^ kRemainders[index];
  }
  return static_cast<std::uint16_t>(remainder % kSlots);
}

}  // namespace redis
