#include "socketio/engineio/shard_server.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.hpp"
#include "base/hex.hpp"
#include "socketio/engineio/acceptor.hpp"
#include "socketio/engineio/answer_gate.hpp"
#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio/http_conversation.hpp"

namespace engineio {

namespace {
constexpr std::string_view kSidAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(kSidAlphabet.size() == kMostShards);
constexpr std::size_t kSidSize = 20;
/// 15 bytes make 20 characters; the first then names the shard, which leaves 114 random bits.
constexpr std::size_t kSidBytes = 15;
/// One recv for a burst of small frames; larger messages take several.
constexpr std::size_t kReadBuffer = 64 * 1024;
/// Output buffers kept for the next turn, and how large each may be to be kept.
constexpr std::size_t kKeptBuffers = 64;
constexpr std::size_t kKeptCapacity = 64 * 1024;
/// Rounds of "answer polls, report ends" in one turn; what is left waits for the next.
constexpr int kSettleRounds = 8;
}  // namespace

std::size_t SidHash::operator()(std::string_view sid) const noexcept {
  if (sid.size() != kSidSize) return std::hash<std::string_view>{}(sid);
  // Every sid in the table is random and ours, so its own characters are the hash.
  std::uint64_t half;
  std::memcpy(&half, sid.data() + kSidSize - sizeof half, sizeof half);
  return static_cast<std::size_t>(half * 0x9E3779B97F4A7C15ull);
}

ShardServer::ShardServer(ServerContext& context, std::uint16_t index)
    : context_(context),
      shard_(*context.shards[index]),
      index_(index),
      gate_(std::make_shared<AnswerGate>(*this, shard_)) {
  CHECK(index < kMostShards);
}

ShardServer::~ShardServer() {
  gate_->close();
}

// --- life ---

void ShardServer::add_listener(int descriptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(*this, descriptor));
}

void ShardServer::stop_accepting() {
  acceptors_.clear();
}

void ShardServer::close_all(CloseReason reason, bool flush) {
  std::vector<EngineSession*> sessions;
  for (const auto& [sid, session] : sessions_) sessions.push_back(session.get());
  for (auto* session : sessions) session->close(reason, flush);
  std::vector<Connection*> connections;
  for (const auto& connection : connections_) connections.push_back(connection.get());
  for (auto* connection : connections)
    if (!connection->dead()) connection->protocol().on_drain();
}

void ShardServer::shut_down() {
  stopped_ = true;
  stop_accepting();
  gate_->close();
  close_all(CloseReason::kServerShuttingDown, false);
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->abort();
  schedule_end_of_turn();
}

// --- connections ---

void ShardServer::accept(int descriptor, const PeerAddress& peer, bool counted) {
  context_.counters.connections_accepted.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_unique<Connection>(*this, descriptor, peer, counted);
  auto protocol = std::make_unique<HttpConversation>(*connection);
  if (!connection->start(std::move(protocol))) return;
  connection->index = connections_.size();
  connections_.push_back(std::move(connection));
}

void ShardServer::adopt(std::unique_ptr<Connection> connection) {
  if (stopped_ || !connection->attach(*this)) return;
  Connection& adopted = *connection;
  adopted.index = connections_.size();
  connections_.push_back(std::move(connection));
  context_.counters.connections_moved.fetch_add(1, std::memory_order_relaxed);
  adopted.wrote();
  adopted.protocol().on_moved();
  if (!adopted.dead()) adopted.read_now();
}

std::unique_ptr<Connection> ShardServer::release(Connection& connection) {
  const std::size_t at = connection.index;
  CHECK(at < connections_.size() && connections_[at].get() == &connection);
  auto released = std::move(connections_[at]);
  if (at + 1 != connections_.size()) {
    connections_[at] = std::move(connections_.back());
    connections_[at]->index = at;
  }
  connections_.pop_back();
  std::erase(to_flush_, &connection);
  std::erase(to_read_, &connection);
  return released;
}

void ShardServer::move_later(Connection& connection, std::uint16_t shard_index) {
  to_move_.emplace_back(&connection, shard_index);
  schedule_end_of_turn();
}

void ShardServer::flush_later(Connection& connection) {
  to_flush_.push_back(&connection);
  schedule_end_of_turn();
}

void ShardServer::read_later(Connection& connection) {
  if (std::find(to_read_.begin(), to_read_.end(), &connection) != to_read_.end()) return;
  to_read_.push_back(&connection);
  schedule_end_of_turn();
}

void ShardServer::bury(Connection& connection) {
  dead_.push_back(&connection);
  schedule_end_of_turn();
}

void ShardServer::bury(std::unique_ptr<Protocol> protocol) {
  dead_protocols_.push_back(std::move(protocol));
  schedule_end_of_turn();
}

std::unique_ptr<OutputBuffer> ShardServer::take_buffer() {
  if (buffers_.empty()) return std::make_unique<OutputBuffer>();
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ShardServer::give_buffer(std::unique_ptr<OutputBuffer> buffer) {
  if (buffers_.size() >= kKeptBuffers || buffer->bytes.capacity() > kKeptCapacity) return;
  buffer->bytes.clear();
  buffer->sent = 0;
  buffer->taken = 0;
  buffers_.push_back(std::move(buffer));
}

ShardServer::ReadLease::ReadLease(ShardServer& server) : server_(server) {
  if (server.leases_ == server.read_buffers_.size()) server.read_buffers_.emplace_back(kReadBuffer);
  bytes_ = server.read_buffers_[server.leases_++];
}

ShardServer::ReadLease::~ReadLease() {
  --server_.leases_;
}

// --- sessions ---

std::string ShardServer::make_sid() {
  std::string sid = base::to_base64url(random_.bytes(kSidBytes));
  sid[0] = kSidAlphabet[index_];
  return sid;
}

std::uint16_t ShardServer::shard_of(std::string_view sid) const {
  if (sid.size() != kSidSize) return index_;
  const auto at = kSidAlphabet.find(sid[0]);
  return at < context_.shards.size() ? static_cast<std::uint16_t>(at) : index_;
}

EngineSession* ShardServer::open_session() {
  if (stopped_ || context_.draining.load(std::memory_order_relaxed) ||
      !take_place(context_.counters.sessions_now, context_.options.max_sessions)) {
    context_.counters.refused_session_limit.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  auto session = std::make_unique<EngineSession>(*this, make_sid());
  auto* opened = session.get();
  sessions_.emplace(opened->id(), std::move(session));
  return opened;
}

EngineSession* ShardServer::find_session(std::string_view sid) {
  const auto found = sessions_.find(sid);
  if (found == sessions_.end()) return nullptr;
  auto* session = found->second.get();
  return session->check_heartbeat(now()) ? session : nullptr;
}

void ShardServer::retire(EngineSession& session) {
  const auto found = sessions_.find(session.id());
  CHECK(found != sessions_.end());
  retired_.push_back(std::move(found->second));
  sessions_.erase(found);
  schedule_end_of_turn();
}

void ShardServer::flush_later(EngineSession& session) {
  if (session.queued_for_flush()) return;
  session.set_queued_for_flush(true);
  sessions_to_flush_.push_back(&session);
  schedule_end_of_turn();
}

void ShardServer::continue_post_later(std::string_view sid) {
  shard_.post([this, name = std::string(sid)] {
    if (auto* session = find_session(name)) session->continue_post();
  });
}

// --- answers of the host ---

std::uint64_t ShardServer::expect_answer(HttpConversation& conversation) {
  awaited_.emplace(next_awaited_, &conversation);
  return next_awaited_++;
}

void ShardServer::forget_answer(std::uint64_t number) {
  awaited_.erase(number);
}

HttpConversation* ShardServer::answer_goes_to(std::uint64_t number) {
  const auto found = awaited_.find(number);
  return found == awaited_.end() ? nullptr : found->second;
}

// --- the end of a turn ---

void ShardServer::schedule_end_of_turn() {
  if (std::exchange(scheduled_, true)) return;
  shard_.at_end_of_turn([this] { end_of_turn(); });
}

void ShardServer::end_of_turn() {
  settle_sessions();
  flush_connections();
  move_connections();
  for (auto* connection : std::exchange(to_read_, {})) {
    if (connection->dead()) continue;
    connection->protocol().on_resume();
    if (!connection->dead()) connection->read_now();
  }
  dead_protocols_.clear();
  for (auto* connection : std::exchange(dead_, {})) release(*connection);
  publish_tally();
  scheduled_ = false;
  const bool more = !sessions_to_flush_.empty() || !retired_.empty() || !to_flush_.empty() || !to_move_.empty() ||
                    !to_read_.empty() || !dead_.empty() || !dead_protocols_.empty();
  if (more) schedule_end_of_turn();
}

void ShardServer::settle_sessions() {
  for (int round = 0; round < kSettleRounds && !(sessions_to_flush_.empty() && retired_.empty()); ++round) {
    for (auto* session : std::exchange(sessions_to_flush_, {})) {
      session->set_queued_for_flush(false);
      session->flush_poll();
    }
    const auto ended = std::exchange(retired_, {});
    for (const auto& session : ended) session->report_closed();
    if (!ended.empty())
      std::erase_if(sessions_to_flush_, [&](const EngineSession* waiting) {
        return std::any_of(ended.begin(), ended.end(), [&](const auto& session) { return session.get() == waiting; });
      });
  }
}

void ShardServer::flush_connections() {
  flushing_.swap(to_flush_);
  for (auto* connection : flushing_) connection->flush();
  flushing_.clear();
}

void ShardServer::move_connections() {
  for (const auto& [connection, target] : std::exchange(to_move_, {})) {
    if (connection->dead()) continue;
    connection->detach();
    auto moved = release(*connection);
    aio::Shard& shard = *context_.shards[target];
    shard.post([server = context_.shard_servers[target], travelling = std::move(moved)]() mutable {
      server->adopt(std::move(travelling));
    });
  }
}

void ShardServer::publish_tally() {
  const Tally tally = std::exchange(tally_, {});
  const auto add = [](Counters::Number& to, std::uint64_t value) {
    if (value != 0) to.fetch_add(value, std::memory_order_relaxed);
  };
  add(context_.counters.bytes_received, tally.bytes_received);
  add(context_.counters.bytes_sent, tally.bytes_sent);
  add(context_.counters.packets_received, tally.packets_received);
  add(context_.counters.packets_sent, tally.packets_sent);
}

std::string_view ShardServer::http_date() {
  const std::time_t second = std::chrono::system_clock::to_time_t(context_.clock.wall_now());
  if (second == date_second_ && !date_.empty()) return date_;
  date_second_ = second;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                    kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  date_.assign(text, static_cast<std::size_t>(size));
  return date_;
}

}  // namespace engineio
