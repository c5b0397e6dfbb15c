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

/// Whose share of events_per_second a call of a user takes (Api). What ends a session, a device or the account is never
/// held up: whoever has got hold of a token could keep its owner from doing it. Messages have limits of their own, and
/// so has what is open: by address, a refresh by its session.
enum class Rate : std::uint8_t {
  kFree,
  kMark,   // shares its commit with others
  kWrite,  // a synced commit of its own, for which everybody waits
};

struct Route {
  std::string_view method;
  std::string_view pattern;  // segments in braces match anything but '/'
  Access access = Access::kBearer;
  BodyRule body = BodyRule::kIgnored;
  Handler handler = nullptr;
  Rate rate = Rate::kFree;
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
