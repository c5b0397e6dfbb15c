#pragma once
// `--name value` pairs of a command line, for the examples.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <string_view>

namespace examples {

class Flags {
 public:
  /// Unknown names, missing values, and later on numbers that are none, end the program with status 2 and a line on
  /// standard error.
  Flags(int count, char** arguments, std::map<std::string, std::string, std::less<>> defaults)
      : values_(std::move(defaults)) {
    for (int i = 1; i < count; i += 2) {
      const std::string_view argument = arguments[i];
      const auto known = argument.starts_with("--") ? values_.find(argument.substr(2)) : values_.end();
      if (known == values_.end() || i + 1 == count) fail("unknown option, or no value for it", argument);
      known->second = arguments[i + 1];
    }
  }

  [[nodiscard]] const std::string& text(std::string_view name) const { return values_.find(name)->second; }
  /// From 0 to `most`, or to what the type holds.
  template <std::unsigned_integral Number>
  [[nodiscard]] Number number(std::string_view name, std::uint64_t most = 1'000'000'000) const {
    most = std::min<std::uint64_t>(most, std::numeric_limits<Number>::max());
    const std::string& value = text(name);
    std::uint64_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size() || parsed > most)
      fail("not a number in range", value);
    return static_cast<Number>(parsed);
  }
  [[nodiscard]] std::chrono::milliseconds milliseconds(std::string_view name) const {
    return std::chrono::milliseconds(number<std::uint32_t>(name));
  }

 private:
  [[noreturn]] static void fail(const char* what, std::string_view where) {
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(where.size()), where.data());
    std::exit(2);
  }

  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace examples
