#pragma once
// Namespace: who may join, what happens then, and how to reach everybody in it. Configured before the server attaches
// to an engine (then read-only); the emitting and selecting calls may be made on any thread and reach the sockets of
// all shards. Within one shard, and towards each other shard, broadcasts of one caller keep their order.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "socketio/server/event.hpp"
#include "socketio/server/middleware.hpp"
#include "socketio/server/socket.hpp"

namespace socketio {

class Broadcaster;
template <class Whole>
class Collector;
class Namespace;
class Server;

/// Which sockets: the union of `rooms` (empty: all) without those in any of `except`; each once.
struct Selection {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
};

/// What is known of a socket on another shard or, with a broadcaster, on another node.
struct RemoteSocket {
  std::string id;
  std::vector<std::string> rooms;
  SocketRef ref;          // this node's sockets only
  std::string handshake;  // JSON object; empty unless asked for, or the socket lives on another node
};

/// One event on its way out; views of the caller's.
struct OutgoingEvent {
  std::string_view name;
  std::string_view arguments;
  Attachments attachments;
};

enum class RoomChange : std::uint8_t { kJoin, kLeave };

/// What servers say to each other (Namespace::server_side_emit).
struct ServerEvent {
  std::string_view name;
  std::string_view arguments;
  base::JsonValue array;  // [name, argument…]
  /// What placeholders in the arguments mean; without any there are none. Valid during the call.
  Attachments attachments = {};
  /// Empty when no answer is wanted. Movable; at most one call, on any thread, with one JSON value (empty: null).
  base::Function<void(std::string_view value)> ack;
};

/// Outcome of a broadcast with acks: the first value of each answer that came (JSON text), out of how many.
struct BroadcastAnswers {
  std::vector<std::string> answers;
  std::size_t expected = 0;
  [[nodiscard]] bool complete() const { return answers.size() == expected; }
};

/// Takes the answers to a broadcast one by one, on any thread; calls may overlap.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  /// Of one shard; once per shard, also for 0. `shards` is how many there are.
  virtual void on_asked(std::size_t sockets, std::size_t shards) = 0;
  /// The first value, JSON text whose placeholders mean `attachments`.
  virtual void on_answer(std::string_view value, Attachments attachments) = 0;
  /// A socket left or let its time pass.
  virtual void on_silence() {}
};

/// A selection under construction: `space.to("a").to("b").except("c").emit("news", "1")`.
class Broadcast {
 public:
  explicit Broadcast(Namespace& space, Selection selection = {}) : space_(space), selection_(std::move(selection)) {}
  Broadcast to(std::string_view room) &&;
  Broadcast except(std::string_view room) &&;
  Broadcast discardable() &&;
  /// This node's sockets only, whatever broadcaster there is.
  Broadcast local() &&;
  /// Lives until every shard of this node has served what is asked of it: for those who count what is under way.
  Broadcast keep(std::shared_ptr<const void> kept) &&;

  /// Encoded once.
  void emit(std::string_view event, std::string_view arguments = {}, Attachments attachments = {}) const;
  /// Every selected socket is asked under the same id; `done` runs once on `reply_to` when all answered, left, or the
  /// time is up.
  void emit_with_ack(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                     base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done) const;
  /// This node's sockets only; each part as it comes, on their shards' threads.
  void ask(const OutgoingEvent& event, std::chrono::milliseconds timeout,
           const std::shared_ptr<AnswerSink>& sink) const;
  void fetch_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const;
  /// The same of this node, with their handshakes.
  void describe_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const;
  void sockets_join(std::string_view room) const;
  void sockets_leave(std::string_view room) const;
  void disconnect_sockets(DisconnectScope scope = DisconnectScope::kNamespace) const;

 private:
  void emit_locally(const OutgoingEvent& event) const;
  void fetch_locally(bool with_handshake, const std::shared_ptr<Collector<std::vector<RemoteSocket>>>& collector) const;
  void move_sockets(RoomChange change, std::string_view room) const;
  /// Null: this node only.
  [[nodiscard]] Broadcaster* broadcaster() const;

  Namespace& space_;
  Selection selection_;
  EmitOptions options_;
  bool local_ = false;
  std::shared_ptr<const void> kept_;
};

/// kSwallow: the event ends here. kError: it ends in the error hook.
enum class EventVerdict : std::uint8_t { kPass, kSwallow, kError };

class Namespace : public std::enable_shared_from_this<Namespace> {
 public:
  using ConnectionHook = std::function<void(Socket&)>;
  using EventHook = std::function<EventVerdict(Socket&, const Event&)>;
  using ErrorHook = std::function<void(Socket&, const Event&)>;
  using ServerEventHook = std::function<void(ServerEvent&)>;
  using PeerEventHook = std::function<bool(std::string_view event)>;

  Namespace(Server& server, std::string name) : server_(server), name_(std::move(name)) {}
  ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Server& server() const { return server_; }

  // Before attach only. All hooks run on the socket's shard, so on several threads at once.
  Namespace& use(Middleware middleware);
  Namespace& on_connection(ConnectionHook hook);
  Namespace& use_on_events(EventHook hook);
  /// Default: errors are swallowed.
  Namespace& on_error(ErrorHook hook);
  /// Events of other nodes' server_side_emit; on the broadcaster's thread.
  Namespace& on_server_event(ServerEventHook hook);
  /// Whether an event that another node emits may reach the sockets of this one; default: all. On the broadcaster's
  /// thread.
  Namespace& use_on_peer_events(PeerEventHook hook);

  [[nodiscard]] Broadcast to(std::string_view room);
  [[nodiscard]] Broadcast except(std::string_view room);
  [[nodiscard]] Broadcast everybody() { return Broadcast(*this); }
  void emit(std::string_view event, std::string_view arguments = {}) { everybody().emit(event, arguments); }

  /// To the other nodes' on_server_event; nobody without a broadcaster.
  void server_side_emit(std::string_view event, std::string_view arguments = {});
  /// One answer of each other node that answers in time.
  void server_side_emit(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                        base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done);
  /// Names of all rooms with a socket in them, ids of sockets included, sorted; of this node or of all.
  enum class Reach : std::uint8_t { kNode, kCluster };
  void fetch_rooms(Reach reach, base::Executor& reply_to, base::Function<void(std::vector<std::string>)> done);
  /// For broadcasters: hands an event of another node to the hook.
  void handle_server_event(ServerEvent& event) {
    if (on_server_event_) on_server_event_(event);
  }
  /// For broadcasters: asked once for each event of another node, before any socket gets it.
  [[nodiscard]] bool admits_from_peers(std::string_view event) const {
    return !peer_event_hook_ || peer_event_hook_(event);
  }

 private:
  friend class Broadcast;
  friend class Connection;
  friend class Server;
  void inherit(const Namespace& pattern);
  AckId next_broadcast_ack();

  Server& server_;
  std::string name_;
  std::vector<Middleware> middlewares_;
  std::vector<EventHook> event_hooks_;
  ConnectionHook on_connection_;
  ErrorHook on_error_;
  ServerEventHook on_server_event_;
  PeerEventHook peer_event_hook_;
  std::atomic<std::uint32_t> next_broadcast_ack_{0};
};

}  // namespace socketio
