#pragma once
// A shard and engine sessions without threads or network, for tests and fuzzing: time moves by hand, what is sent is
// kept.

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aio/timer_wheel.hpp"
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/executor.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/server.hpp"

namespace socketio::testing {

class FakeShard final : public base::Executor {
 public:
  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }
  void advance(std::chrono::milliseconds by) {
    clock.advance(by);
    timers.advance(clock.steady_now());
    run();
  }
  Place place() {
    return {.executor = *this, .timers = timers, .clock = clock, .is_here = [this] { return here; }};
  }

  base::ManualClock clock;
  aio::TimerWheel timers{clock};
  bool here = true;

 private:
  std::deque<base::Task> tasks_;
};

class FakeSession final : public engineio::Session {
 public:
  [[nodiscard]] std::string_view id() const override { return "engine-session-00001"; }
  [[nodiscard]] engineio::Transport transport() const override { return engineio::Transport::kWebSocket; }
  [[nodiscard]] aio::Shard& shard() const override { base::check_failed("no real shard here", __FILE__, __LINE__); }
  bool send_text(std::string_view payload, engineio::SendOptions options) override {
    return keep("", payload, options);
  }
  bool send_binary(std::string_view payload, engineio::SendOptions options) override {
    return keep("binary:", payload, options);
  }
  std::uint64_t ping() override { return ++pings; }
  [[nodiscard]] std::size_t buffered_bytes() const override { return unsent; }
  [[nodiscard]] bool writable() const override { return can_write; }
  [[nodiscard]] base::SteadyTime last_fully_written() const override { return last_written; }
  void close(engineio::CloseReason reason, bool flush) override {
    if (closed) return;
    closed = reason;
    flushed = flush;
  }

  std::vector<std::string> sent;
  std::optional<engineio::CloseReason> closed;
  bool flushed = false;
  bool can_write = true;
  std::uint64_t pings = 0;
  std::size_t unsent = 0;  // set by the test, as the next
  base::SteadyTime last_written{};

 private:
  bool keep(std::string_view kind, std::string_view payload, engineio::SendOptions options) {
    if (closed || (options.discardable && !can_write)) return false;
    sent.push_back(std::string(kind) + std::string(payload));
    return true;
  }
};

inline constexpr auto kLoopback = "127.0.0.1";

/// One client: what it sends goes in, what it gets comes out.
class Peer {
 public:
  Peer(Hub& hub, FakeShard& shard, const std::string& address = kLoopback) : shard_(shard) {
    listener_ = hub.accept(session, handshake(address));
  }
  ~Peer() { end(engineio::CloseReason::kTransportClose); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  static engineio::Handshake handshake(const std::string& address) {
    engineio::Handshake made;
    made.url = "/socket.io/?EIO=4";
    made.query = {{"EIO", "4"}};
    made.headers = {{"host", "localhost"}};
    made.address = address;
    made.from_trusted = address == kLoopback;
    return made;
  }

  /// Within one turn of the shard.
  void text(std::string_view payload) {
    if (listener_) listener_->on_text(payload);
    turn();
  }
  void binary(std::string_view payload) {
    if (listener_) listener_->on_binary(payload);
    turn();
  }
  void pong(std::uint64_t number) { listener_->on_pong(number); }
  void drain() { listener_->on_drain(); }
  void end(engineio::CloseReason reason) {
    if (auto listener = std::move(listener_)) listener->on_close(reason);
    turn();
  }
  /// The end of a turn: a session that was closed says so.
  void turn() {
    shard_.run();
    if (listener_ && session.closed) end(*session.closed);
  }
  std::vector<std::string> received() { return std::exchange(session.sent, {}); }
  [[nodiscard]] bool open() const { return listener_ != nullptr; }

  FakeSession session;

 private:
  FakeShard& shard_;
  std::unique_ptr<engineio::Listener> listener_;
};

/// One shard, one server; `start` after the namespaces were configured.
struct World {
  explicit World(ServerOptions options = {}) : server(counted(options)) {}
  ~World() { shard.run(); }
  std::unique_ptr<Peer> connect(const std::string& address = kLoopback) {
    if (server.hubs().empty()) server.add_hub(shard.place());
    return std::make_unique<Peer>(*server.hubs()[0], shard, address);
  }
  /// A client that has joined `space`; its CONNECT answer is already read.
  std::unique_ptr<Peer> join(std::string_view packet = "0") {
    auto peer = connect();
    peer->text(packet);
    peer->received();
    return peer;
  }

  FakeShard shard;
  Server server;

 private:
  /// Tests know the ids of events beforehand, unless they ask for others.
  static ServerOptions counted(ServerOptions options) {
    if (!options.first_ack_id) options.first_ack_id = 0;
    return options;
  }
};

}  // namespace socketio::testing
