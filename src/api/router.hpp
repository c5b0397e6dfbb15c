#pragma once
// The table of routes and how a path finds its row. Pure; any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"

namespace api {

class Api;
using CallPtr = std::shared_ptr<Call>;
using Handler = void (*)(Api& api, CallPtr call);

enum class Access : std::uint8_t { kOpen, kBearer, kOperator };
enum class BodyRule : std::uint8_t { kIgnored, kObject };

struct Route {
  std::string_view method;
  std::string_view pattern;  // segments in braces match anything but '/'
  Access access = Access::kBearer;
  BodyRule body = BodyRule::kIgnored;
  Handler handler = nullptr;
};

/// Every row of docs/openapi.json, and no other.
std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;  // nullptr: the path is unknown, or the method (then `allow` is not empty)
  std::string allow;             // methods of the path, comma-separated
  std::vector<std::string> parameters;
};
/// `HEAD` finds the row of `GET`.
Match find_route(std::string_view method, std::string_view path);

}  // namespace api
