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

class Namespace;
class Server;

/// Which sockets: the union of `rooms` (empty: all) without those in any of `except`; each once.
struct Selection {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
};

/// What is known of a socket on another shard.
struct RemoteSocket {
  std::string id;
  std::vector<std::string> rooms;
  SocketRef ref;
};

/// Outcome of a broadcast with acks: the first value of each answer that came (JSON text), out of how many.
struct BroadcastAnswers {
  std::vector<std::string> answers;
  std::size_t expected = 0;
  [[nodiscard]] bool complete() const { return answers.size() == expected; }
};

/// A selection under construction: `space.to("a").to("b").except("c").emit("news", "1")`.
class Broadcast {
 public:
  explicit Broadcast(Namespace& space) : space_(space) {}
  Broadcast to(std::string_view room) &&;
  Broadcast except(std::string_view room) &&;
  Broadcast discardable() &&;

  /// Encoded once.
  void emit(std::string_view event, std::string_view arguments = {}, Attachments attachments = {}) const;
  /// Every selected socket is asked under the same id; `done` runs once on `reply_to` when all answered, left, or the
  /// time is up.
  void emit_with_ack(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                     base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done) const;
  void fetch_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const;
  void sockets_join(std::string_view room) const;
  void sockets_leave(std::string_view room) const;
  void disconnect_sockets(DisconnectScope scope = DisconnectScope::kNamespace) const;

 private:
  Namespace& space_;
  Selection selection_;
  EmitOptions options_;
};

/// kSwallow: the event ends here. kError: it ends in the error hook.
enum class EventVerdict : std::uint8_t { kPass, kSwallow, kError };

class Namespace : public std::enable_shared_from_this<Namespace> {
 public:
  using ConnectionHook = std::function<void(Socket&)>;
  using EventHook = std::function<EventVerdict(Socket&, const Event&)>;
  using ErrorHook = std::function<void(Socket&, const Event&)>;

  Namespace(Server& server, std::string name) : server_(server), name_(std::move(name)) {}
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

  [[nodiscard]] Broadcast to(std::string_view room);
  [[nodiscard]] Broadcast except(std::string_view room);
  [[nodiscard]] Broadcast everybody() { return Broadcast(*this); }
  void emit(std::string_view event, std::string_view arguments = {}) { everybody().emit(event, arguments); }

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
  std::atomic<std::uint32_t> next_broadcast_ack_{0};
};

}  // namespace socketio
