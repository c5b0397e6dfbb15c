#pragma once
// ShardServer: everything of one Engine.IO server that lives on one shard: listeners, connections, sessions, the one
// read buffer, and the order of things at the end of a turn:
//
//   1. polls are answered with what their sessions queued     2. closed sessions report and go (may cause more of 1)
//   3. every connection with output writes once               4. connections change shards, dead ones are destroyed
//
// Shard thread only, except for the constructor and AnswerGate.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "aio/shard.hpp"
#include "base/random.hpp"
#include "socketio/engineio/connection.hpp"
#include "socketio/engineio/farewells.hpp"
#include "socketio/engineio/server_context.hpp"

namespace engineio {

class Acceptor;
class AnswerGate;
class EngineSession;
class HttpConversation;

/// Counted on the shard, published once a turn: shared counters would be the hottest cache line of the process.
struct Tally {
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_sent = 0;
};

struct SidHash {
  std::size_t operator()(std::string_view sid) const noexcept;
};

class ShardServer {
 public:
  ShardServer(ServerContext& context, std::uint16_t index);
  ~ShardServer();
  ShardServer(const ShardServer&) = delete;
  ShardServer& operator=(const ShardServer&) = delete;

  void add_listener(int descriptor);
  void stop_accepting();
  void close_all(CloseReason reason, bool flush);
  /// Ends everything without an answer; nothing starts afterwards.
  void shut_down();

  [[nodiscard]] ServerContext& context() const noexcept { return context_; }
  [[nodiscard]] aio::Shard& shard() const noexcept { return shard_; }
  [[nodiscard]] std::uint16_t index() const noexcept { return index_; }
  [[nodiscard]] Tally& tally() noexcept { return tally_; }
  [[nodiscard]] base::SteadyTime now() const { return context_.clock.steady_now(); }
  [[nodiscard]] const std::shared_ptr<AnswerGate>& gate() const noexcept { return gate_; }
  /// IMF-fixdate of this second (RFC 9110 §5.6.7).
  [[nodiscard]] std::string_view http_date();

  // Connections.
  /// Takes over the descriptor and its place among `connections_now`.
  void accept(int descriptor, const PeerAddress& peer, bool counted);
  void adopt(std::unique_ptr<Connection> connection);
  void move_later(Connection& connection, std::uint16_t shard_index);
  void flush_later(Connection& connection);
  void read_later(Connection& connection);
  void bury(Connection& connection);
  void bury(std::unique_ptr<Protocol> protocol);
  std::unique_ptr<OutputBuffer> take_buffer();
  void give_buffer(std::unique_ptr<OutputBuffer> buffer);

  // Sessions.
  /// Null when the server has no room (max_sessions). The session has its place among `sessions_now` until it reports
  /// its end.
  EngineSession* open_session();
  /// Null: unknown. A session whose heartbeat is overdue is closed instead of found.
  [[nodiscard]] EngineSession* find_session(std::string_view sid);
  /// Which shard a well-formed sid belongs to; our own for anything else.
  [[nodiscard]] std::uint16_t shard_of(std::string_view sid) const;
  void flush_later(EngineSession& session);
  void continue_post_later(std::string_view sid);
  /// Takes the session out; its listener hears on_close at the end of the turn.
  void retire(EngineSession& session);
  [[nodiscard]] Farewells& farewells() noexcept { return farewells_; }

  // Answers of the host application that are not there yet.
  std::uint64_t expect_answer(HttpConversation& conversation);
  void forget_answer(std::uint64_t number);
  [[nodiscard]] HttpConversation* answer_goes_to(std::uint64_t number);

  /// The shard's read buffer. A second one exists for the rare read inside a read (Connection::read_now).
  class ReadLease {
   public:
    explicit ReadLease(ShardServer& server);
    ~ReadLease();
    ReadLease(const ReadLease&) = delete;
    ReadLease& operator=(const ReadLease&) = delete;
    [[nodiscard]] std::span<char> bytes() const noexcept { return bytes_; }

   private:
    ShardServer& server_;
    std::span<char> bytes_;
  };

 private:
  void schedule_end_of_turn();
  void end_of_turn();
  void settle_sessions();
  void flush_connections();
  void move_connections();
  void publish_tally();
  std::unique_ptr<Connection> release(Connection& connection);
  std::string make_sid();

  ServerContext& context_;
  aio::Shard& shard_;
  const std::uint16_t index_;
  std::shared_ptr<AnswerGate> gate_;
  base::SecureRandom random_;
  Tally tally_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<Connection>> connections_;
  boost::unordered_flat_map<std::string_view, std::unique_ptr<EngineSession>, SidHash> sessions_;
  Farewells farewells_;
  boost::unordered_flat_map<std::uint64_t, HttpConversation*> awaited_;
  std::uint64_t next_awaited_ = 1;

  // Work of the end of this turn.
  bool scheduled_ = false;
  bool stopped_ = false;
  std::vector<EngineSession*> sessions_to_flush_;
  std::vector<std::unique_ptr<EngineSession>> retired_;
  std::vector<Connection*> to_flush_;
  std::vector<Connection*> flushing_;
  std::vector<std::pair<Connection*, std::uint16_t>> to_move_;
  std::vector<Connection*> to_read_;
  std::vector<Connection*> dead_;
  std::vector<std::unique_ptr<Protocol>> dead_protocols_;

  std::vector<std::unique_ptr<OutputBuffer>> buffers_;
  std::vector<std::vector<char>> read_buffers_;
  std::size_t leases_ = 0;
  std::string date_;
  std::int64_t date_second_ = 0;
};

}  // namespace engineio
