#pragma once
#include <chrono>
#include <cstddef>

#include "chat/rules/limits.hpp"

namespace chat {

/// Every number of the commit lane, with its reason.
struct LaneOptions {
  Limits limits;
  std::size_t queue_limit = 8192;    // requests waiting; some 50 ms of work, then `overloaded` is the better answer
  std::size_t batch_commands = 512;  // per commit: beyond a few hundred a batch gains nothing
  std::chrono::microseconds batch_time{1000};  // about one fsync: longer staging would only add latency
  /// Batches that other nodes are ahead of are staged again for so long, unseen by the clients; then `retry`. As long
  /// as a store of several nodes tries to commit.
  std::chrono::milliseconds conflict_patience{10'000};
  std::size_t cached_users = 65536;               // about 0.5 KiB each; users with live sessions are not evicted
  std::size_t cached_conversations = 65536;       // about 0.6 KiB each
  std::uint64_t trim_tail = 1024;                 // confirmed entries kept for clients that resume from a little before
  std::uint64_t trim_step = 256;                  // entries per trim: amortised, not one range deletion per message
  std::chrono::milliseconds offline_grace{5000};  // a reconnect within it is not announced
  std::chrono::milliseconds last_seen_every{5000};  // coalesced writes of lastSeen
  std::size_t last_seen_rows = 256;                 // per batch
  std::chrono::milliseconds typing_every{2000};     // per sender and peer, coalesced to the latest
  std::size_t typing_pairs = 16384;                 // remembered at once; beyond, typing is not told
  std::uint8_t poison_alone = 5;                    // sessions that an entry held up until it is sent alone
  std::uint8_t poison_skip = 10;                    // and until it is skipped for the device
  std::chrono::milliseconds push_grace{10'000};     // a device that confirms or returns within it is not woken
  std::chrono::seconds message_life{30 * 86'400};   // the provider need not try longer; 0: for ever
};

}  // namespace chat
