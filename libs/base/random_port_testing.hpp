#pragma once
#include <cstdint>
#include <random>

namespace base {

/// A port for a server of a test to try. Below those that connections get (Linux: from 32768 on): none of them takes it
/// between its choice and its use. Tests only; one thread.
inline std::uint16_t random_port() {
  static std::random_device device;
  return std::uniform_int_distribution<std::uint16_t>(20'000, 32'000)(device);
}

}  // namespace base
