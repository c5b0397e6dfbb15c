#include "base/log.hpp"

#include <unistd.h>

#include <atomic>

#include "base/clock.hpp"
#include "base/hex.hpp"
#include "base/json_writer.hpp"
#include "base/random.hpp"

namespace base::log {
namespace {

std::atomic<Level> least_level{Level::kInfo};
std::atomic<Format> line_format{Format::kText};

std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

void append_text_value(std::string& line, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos &&
                     value.find_first_of(std::string_view("\0\n\r\t\x1b\x7f", 6)) == std::string_view::npos;
  if (plain) {
    line += value;
  } else {
    append_json_string(line, value);
  }
}

}  // namespace

void configure(Level least, Format format) {
  least_level = least;
  line_format = format;
}

bool enabled(Level level) {
  return level >= least_level.load(std::memory_order_relaxed);
}

std::string render(Format format, Level level, std::string_view time, std::string_view event,
                   std::initializer_list<Field> fields) {
  std::string line;
  if (format == Format::kJson) {
    JsonWriter writer(line);
    writer.begin_object().member("time", time).member("level", name(level)).member("event", event);
    for (const auto& field : fields)
      std::visit([&](const auto& value) { writer.member(field.key, value); }, field.value);
    writer.end_object();
    return line;
  }
  line.append(time).append(" ").append(name(level)).append(" ").append(event);
  for (const auto& field : fields) {
    line.append(" ").append(field.key).append("=");
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_text_value(line, *text);
    } else {
      JsonWriter writer(line);
      std::visit([&](const auto& value) { writer.value(value); }, field.value);
    }
  }
  return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line = render(line_format, level, to_rfc3339(SystemClock().wall_now()), event, fields);
  line += '\n';
  // A log that cannot be written must not stop the service; there is nobody left to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string tag(std::string_view id) {
  static const std::uint64_t salt = SecureRandom().next();
  std::uint64_t hash = salt;
  for (const char c : id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ull;
    hash ^= hash >> 29;
  }
  const auto bytes = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  char raw[4];
  for (int i = 0; i < 4; ++i) raw[i] = static_cast<char>(bytes >> (8 * i));
  return to_hex({raw, sizeof raw});
}

}  // namespace base::log
