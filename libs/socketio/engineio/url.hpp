#pragma once
// The parts of a request target (RFC 9112 §3.2: origin-form, absolute-form, asterisk-form) and its query.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace engineio {

struct Target {
  std::string path;  // percent-decoded, dot segments resolved; starts with '/', or is "*" (the server itself)
  std::map<std::string, std::string> query;
};

/// The target without scheme and authority (absolute-form), as it is written otherwise.
std::string_view without_authority(std::string_view target);

/// nullopt: not a target that HTTP/1.1 allows, a broken escape, a NUL however it is written, or a path that climbs
/// above its root.
std::optional<Target> parse_target(std::string_view target);

/// Query only: percent-decoded, '+' is a space, the last duplicate wins. A broken escape stands for itself.
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace engineio
