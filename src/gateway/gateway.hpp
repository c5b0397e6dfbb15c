#pragma once
// Gateway: Socket.IO events <-> service calls, for namespace "/". It admits connections (token, device), turns what
// clients say into service calls and lets each session's pump write what the mailbox holds. It decides nothing about
// the chat.
//
//   CONNECT -> token -> Messaging::attach -> accept -> `ready` -> pump            (session.hpp)
//   event   -> decode against limits -> Messaging -> ack
//
// One Gateway serves all shards; a Session and its state belong to the shard of its connection. The services and shards
// must outlive it; it must outlive the Socket.IO server's sockets, and the shards must have stopped running tasks
// before it goes: an answer on its way back from the services still uses it.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "aio/shard.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "chat/services/history.hpp"
#include "chat/services/messaging.hpp"
#include "chat/services/pump.hpp"
#include "gateway/connect_payload.hpp"
#include "socketio/server/server.hpp"

namespace gateway {

struct Services {
  chat::Messaging& messaging;
  chat::History& history;
  chat::AccessTokens& tokens;
  const base::Clock& clock;
};

/// What the sessions of one shard need of it; outlives the gateway.
struct Place {
  base::Executor& executor;
  aio::TimerWheel& timers;
  std::function<bool()> is_here;                   // any thread
  std::function<void(base::Task)> at_end_of_turn;  // from the shard's thread only
};

struct Options {
  chat::PumpSettings pump{};
  Confirm confirm = Confirm::kAck;
  std::int64_t events_per_second = 200;
  bool rooms = false;             // each session enters its rooms (session.hpp): only where somebody emits to them
  std::int64_t max_unjoined = 0;  // connections that are authenticating, per process; 0: whoever wires this bounds it
};

/// Numbers for the metrics page; each only grows unless it says "now". Written by shards, read by anyone.
struct Counters {
  using Number = std::atomic<std::uint64_t>;
  Number sessions_now{0};
  Number authenticating_now{0};
  Number connects_accepted{0};
  Number connects_unauthorized{0};
  Number connects_invalid{0};
  Number connects_overloaded{0};
  Number connects_replaced{0};
  Number connects_failed{0};       // the store or the lane could not answer
  Number reconnects_recovered{0};  // accepted, with a position that was valid
  Number reconnects_reset{0};      // accepted, with a position that was not
  Number reconnects_plain{0};      // accepted, without a position, and a session of the device was known
  Number events_invalid{0};
  Number events_rate_limited{0};
  Number events_forged{0};  // of other programs, under the name of an event of this server; nobody got them
  Number closed_unconfirmed{0};
  Number closed_without_key{0};
  Number closed_flooding{0};
  Number stalled{0};
  Number messages_confirmed{0};
};

/// Where times are observed, in seconds; null: nowhere. They must outlive the sockets.
struct Timings {
  base::Histogram* delivery = nullptr;      // accepted -> confirmed by a device that was connected
  base::Histogram* offline_wait = nullptr;  // accepted -> confirmed, of what was pending when the session began
  base::Histogram* receipt = nullptr;       // confirmed -> written to the author's device
  base::Histogram* drain = nullptr;         // `ready` -> all that was pending is confirmed
};

class Gateway {
 public:
  Gateway(Services services, Options options, const std::vector<aio::Shard*>& shards);
  /// The same on anything that behaves like shards.
  Gateway(Services services, Options options, std::vector<Place> places);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Installs itself in namespace "/". Before the server attaches to an engine.
  void install(socketio::Server& server);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// Before connections come.
  void observe(const Timings& timings) { timings_ = timings; }

 private:
  friend class Session;
  /// What the sessions of one shard share.
  struct Room {
    Place place;
    std::string scratch;  // the JSON under construction
    base::SeededRandom jitter;
  };
  void admit(const socketio::ConnectRequest& request, socketio::Decision decision);
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] Room& room_here();

  Services services_;
  Options options_;
  std::vector<std::unique_ptr<Room>> rooms_;
  Counters counters_;
  std::atomic<std::uint64_t> next_connection_{1};
  Timings timings_;
};

}  // namespace gateway
