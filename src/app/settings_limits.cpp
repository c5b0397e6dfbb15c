#include "app/settings.hpp"

namespace app {

void bind_limits(chat::Limits& limits, std::vector<Setting>& table) {
  const auto add = [&](std::string_view key, std::int64_t& field, std::string_view explanation) {
    table.push_back({key, &field, explanation, 0, INT64_MAX, {}});
  };
  add("limits.messages_per_minute", limits.messages_per_minute,
      "messages a user may send in any 60 s; 0 = off (all limits)");
  add("limits.bytes_per_second", limits.bytes_per_second, "bytes of message content a user may send");
  add("limits.events_per_second", limits.events_per_second,
      "other events of one socket; five seconds' worth may come at once");
  add("limits.logins_per_minute", limits.logins_per_minute,
      "log-in attempts of one address (loopback and trusted proxies exempt)");
  add("limits.registrations_per_hour", limits.registrations_per_hour, "registrations of one address, likewise");
  add("limits.connects_per_second", limits.connects_per_second, "TCP connects of one address, likewise");
  add("limits.connections_per_address", limits.connections_per_address,
      "open TCP connections of one address, likewise");
  add("limits.friend_requests_per_day", limits.friend_requests_per_day, "friend requests of one user");
  add("limits.lookups_per_minute", limits.lookups_per_minute, "look-ups of other users by name, per user");
  add("limits.devices_per_user", limits.devices_per_user,
      "devices of one user; the least recently used offline one goes");
}

}  // namespace app
