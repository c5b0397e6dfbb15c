#pragma once
// Every limit that an operator can set, with its default (docs/security.md says why). 0 switches a limit off. Plain
// values, read by many threads, written before they start.

#include <cstdint>

namespace chat {

struct Limits {
  std::int64_t messages_per_minute = 50;        // per user, in any 60 s (the founding document's number)
  std::int64_t bytes_per_second = 1024 * 1024;  // per user, of message content; the burst is one second's worth
  std::int64_t events_per_second = 200;         // per socket, other events than send_message
  std::int64_t logins_per_minute = 30;          // per address; loopback and trusted proxies are exempt
  std::int64_t registrations_per_hour = 30;     // per address, likewise
  std::int64_t connects_per_second = 100;       // per address, likewise
  std::int64_t connections_per_address = 5000;  // per address, likewise
  std::int64_t friend_requests_per_day = 20;    // per user
  std::int64_t lookups_per_minute = 30;         // per user, of other users by name
  std::int64_t devices_per_user = 10;           // the least recently used one that is offline goes
};

}  // namespace chat
