#pragma once
// What the load generator saw.

#include <chrono>
#include <cstdint>
#include <vector>

namespace load {

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t acked = 0;
  std::uint64_t received = 0;
  std::uint64_t confirmed = 0;   // acks that we wrote for received messages
  std::uint64_t delivered = 0;   // own messages that the server called delivered
  std::uint64_t completed = 0;   // turns of the closed loop
  std::uint64_t refused = 0;     // acks with ok: false
  std::uint64_t disordered = 0;  // a number that was not above the one before
  std::uint64_t broken = 0;      // connections lost
  bool counting = false;
  std::vector<std::uint32_t> completion_us;  // while counting
  std::vector<std::uint32_t> receive_us;     // send -> received by the peer, from the stamp in the text
};

}  // namespace load
