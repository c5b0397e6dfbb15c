#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace base {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(void* to, std::size_t size) = 0;

  std::uint64_t next() {
    std::uint64_t value;
    fill(&value, sizeof value);
    return value;
  }
  /// `size` random bytes.
  std::string bytes(std::size_t size) {
    std::string value(size, '\0');
    fill(value.data(), size);
    return value;
  }
};

/// The kernel's generator, read in blocks. One per thread; not thread-safe. A kernel that cannot answer is a CHECK
/// failure: nothing may be keyed with weak bytes.
class SecureRandom final : public RandomSource {
 public:
  void fill(void* to, std::size_t size) override;

 private:
  unsigned char block_[256];
  std::size_t left_ = 0;
};

/// xoshiro256** under a seed: repeatable, for tests, jitter and simulation; never for secrets.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(void* to, std::size_t size) override;

 private:
  std::uint64_t step();
  std::uint64_t state_[4];
};

}  // namespace base
