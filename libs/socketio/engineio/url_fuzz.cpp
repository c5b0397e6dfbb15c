// What a request target means: a path that stays below its root, and a query. Written again with every byte escaped,
// both must mean the same.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "socketio/engineio/url.hpp"

using namespace engineio;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

std::string escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
  }
  return out;
}

std::string written(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out.append(escaped(name)).append("=").append(escaped(value));
  }
  return out;
}

void check_path(const std::string& path) {
  CHECK(path.starts_with('/'));
  CHECK(path.find('\0') == std::string::npos);
  for (std::size_t at = 0; at != std::string::npos; at = path.find('/', at + 1)) {
    const auto segment = std::string_view(path).substr(at + 1, path.find('/', at + 1) - at - 1);
    CHECK(segment != "." && segment != "..");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = parse_query(text);
  CHECK(parse_query(written(query)) == query);
  const auto target = parse_target(text);
  if (!target || target->path == "*") return 0;
  check_path(target->path);
  const auto again = parse_target("/" + escaped(target->path.substr(1)) + "?" + written(target->query));
  CHECK(again.has_value());
  CHECK(again->path == target->path);
  CHECK(again->query == target->query);
  return 0;
}
