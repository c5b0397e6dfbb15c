#pragma once
// CHECK(condition): a promise of our own code, verified in every build. A failed CHECK prints the place and aborts the
// process: going on with a broken invariant could acknowledge what was never stored.

namespace base {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace base

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::base::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
