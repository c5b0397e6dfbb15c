#pragma once
// Log: structured lines, `event` plus key = value pairs, in text or JSON, to standard error. No content, token, e-mail
// or raw id goes into a line (docs/security.md); `tag()` gives a short keyed fingerprint of an id that is stable within
// one run. Control characters of values are escaped, so a value cannot forge a line. Thread-safe; a line is one write.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace base::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class Format : std::uint8_t { kText, kJson };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view k, Integer v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Before threads start.
void configure(Level least, Format format);
[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, fields);
}

/// 8 hex digits that name `id` in this process's log and nowhere else.
std::string tag(std::string_view id);

/// One line without its newline; for tests.
std::string render(Format format, Level level, std::string_view time, std::string_view event,
                   std::initializer_list<Field> fields);

}  // namespace base::log
