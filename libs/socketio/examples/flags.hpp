#pragma once
// `--name value` pairs of a command line, for the examples.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace examples {

class Flags {
 public:
  /// Unknown names and missing values end the program with status 2.
  Flags(int count, char** arguments, std::map<std::string, std::string, std::less<>> defaults)
      : values_(std::move(defaults)) {
    for (int i = 1; i < count; i += 2) {
      std::string_view name = arguments[i];
      if (name.starts_with("--")) name.remove_prefix(2);
      const auto known = values_.find(name);
      if (known == values_.end() || i + 1 == count) fail("unknown option, or no value for it", arguments[i]);
      known->second = arguments[i + 1];
    }
  }

  [[nodiscard]] const std::string& text(std::string_view name) const { return values_.find(name)->second; }
  template <class Number>
  [[nodiscard]] Number number(std::string_view name) const {
    const std::string& value = text(name);
    Number parsed{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size()) fail("not a number in range", value);
    return parsed;
  }

 private:
  [[noreturn]] static void fail(const char* what, std::string_view where) {
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(where.size()), where.data());
    std::exit(2);
  }

  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace examples
