#pragma once
// Every limit that an operator can set (section `limits` of the configuration; 0 = off), with the defaults of
// docs/security.md §3. The first block is enforced by the commit lane, the rest by the rooms that meet the event.

#include <cstdint>

namespace chat {

struct Limits {
  // Commit lane: per user, whatever the number of devices.
  std::uint32_t messages_per_minute = 50;        // the founding document's figure
  std::uint32_t bytes_per_second = 1024 * 1024;  // of text; the burst is one second's worth
  std::uint32_t devices_per_user = 10;
  // Gateway.
  std::uint32_t events_per_second = 200;  // per socket, acks and send_message not counted; also changes over HTTP
  std::uint32_t connects_per_second = 100;
  std::uint32_t connections_per_address = 5000;
  // Accounts and relations.
  std::uint32_t logins_per_minute = 30;       // per address
  std::uint32_t registrations_per_hour = 30;  // per address: offices and carriers share them
  std::uint32_t friend_requests_per_day = 20;
  std::uint32_t lookups_per_minute = 30;  // also changes of the own name or address: 409 tells what is taken
};

// Bursts and inner bounds that are not worth a key.
inline constexpr std::uint32_t kEventBurst = 1000;   // a client flushing its offline buffer is no attacker
inline constexpr std::uint32_t kConnectBurst = 500;  // long-polling opens many connections
inline constexpr std::size_t kTextLimit = 8 * 1024;  // bytes of UTF-8 after CRLF was folded

}  // namespace chat
