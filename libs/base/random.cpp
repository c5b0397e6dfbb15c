#include "base/random.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/check.hpp"

namespace base {

void SecureRandom::fill(void* to, std::size_t size) {
  auto* out = static_cast<unsigned char*>(to);
  while (size > 0) {
    if (left_ == 0) {
      ssize_t got;
      do {
        got = ::getrandom(block_, sizeof block_, 0);
      } while (got < 0 && errno == EINTR);
      CHECK(got == static_cast<ssize_t>(sizeof block_));
      left_ = sizeof block_;
    }
    const std::size_t take = size < left_ ? size : left_;
    unsigned char* from = block_ + (sizeof block_ - left_);
    std::memcpy(out, from, take);
    std::memset(from, 0, take);  // what was handed out is not kept
    out += take;
    size -= take;
    left_ -= take;
  }
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& word : state_) {  // splitmix64
    seed += 0x9E3779B97F4A7C15ull;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::step() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededRandom::fill(void* to, std::size_t size) {
  auto* out = static_cast<unsigned char*>(to);
  while (size > 0) {
    const std::uint64_t word = step();
    const std::size_t take = size < sizeof word ? size : sizeof word;
    std::memcpy(out, &word, take);
    out += take;
    size -= take;
  }
}

}  // namespace base
