#include "socketio/engineio/connection.hpp"

#include "base/check.hpp"
#include "socketio/engineio/shard_server.hpp"

namespace engineio {

namespace {
/// Read from one connection in one turn: enough to amortise the turn, little enough that nobody starves.
constexpr std::size_t kReadBudget = 256 * 1024;
/// A turn's output beyond this leaves early instead of growing.
constexpr std::size_t kFlushEarly = 64 * 1024;
/// How long a peer may take to end its side after our last answer.
constexpr std::chrono::milliseconds kLinger{2'000};
}  // namespace

Connection::Connection(ShardServer& server, int descriptor, const PeerAddress& peer, bool counted)
    : server_(&server),
      stream_(descriptor, server.context().tls.get()),
      deadline_(aio::Timer::member<&Connection::on_deadline>(*this)),
      peer_(peer),
      counted_(counted) {}

Connection::~Connection() {
  if (registered_) server_->shard().readiness().remove(stream_.descriptor(), *this);
  auto& context = server_->context();
  if (counted_) context.limiter.release(peer_);
  context.counters.connections_now.fetch_sub(1, std::memory_order_relaxed);
}

bool Connection::start(std::unique_ptr<Protocol> protocol) {
  protocol_ = std::move(protocol);
  return attach(*server_);
}

bool Connection::attach(ShardServer& server) {
  server_ = &server;
  moving_ = false;
  interest_ = EPOLLIN;
  registered_ = server_->shard().readiness().add(stream_.descriptor(), *this, interest_);
  if (registered_) update_interest();
  return registered_;
}

void Connection::detach() {
  CHECK(registered_);
  server_->shard().readiness().remove(stream_.descriptor(), *this);
  registered_ = false;
  deadline_.cancel();
}

void Connection::move_to(std::uint16_t shard_index) {
  moving_ = true;
  server_->move_later(*this, shard_index);
}

void Connection::switch_protocol(std::unique_ptr<Protocol> protocol) {
  server_->bury(std::move(protocol_));
  protocol_ = std::move(protocol);
}

std::string& Connection::output() {
  if (!out_) out_ = server_->take_buffer();
  return out_->bytes;
}

void Connection::wrote() {
  if (dead_) return;
  if (!queued_) {
    queued_ = true;
    server_->flush_later(*this);
  }
  if (unsent() > kFlushEarly && !blocked_ && !moving_) send();
}

/// Hands over what the system takes now; calls nobody.
void Connection::send() {
  while (unsent() > 0 && !broken_) {
    const auto result = stream_.write(std::string_view(out_->bytes).substr(out_->sent));
    broken_ = result.status == IoStatus::kBroken || result.status == IoStatus::kEnd;
    out_->sent += result.bytes;
    out_->taken += result.bytes;
    server_->tally().bytes_sent += result.bytes;
    // TLS takes one record at a time; only a refusal means that the socket is full.
    if (stream_.secure() && result.status == IoStatus::kDone) continue;
    blocked_ = unsent() > 0;
    break;
  }
  waited_ = waited_ || blocked_;
  constexpr std::size_t kCompactAbove = 64 * 1024;
  if (out_ && out_->sent > kCompactAbove && out_->sent > unsent()) {
    out_->bytes.erase(0, out_->sent);
    out_->sent = 0;
  }
}

void Connection::flush() {
  queued_ = false;
  if (dead_ || moving_) return;
  send();
  if (broken_) return abort();
  if (unsent() == 0) return sent_everything();
  update_interest();
  protocol_->on_blocked();
}

void Connection::sent_everything() {
  blocked_ = false;
  const bool waited = waited_;
  waited_ = false;
  if (out_) server_->give_buffer(std::move(out_));
  update_interest();
  if (closing_) return begin_lingering();
  protocol_->on_written(waited);
}

bool Connection::may_read() const noexcept {
  if (lingering_) return true;
  return !paused_ && !ended_ && !moving_ && unsent() <= server_->context().options.stop_reading_above;
}

void Connection::update_interest() {
  if (!registered_) return;
  const std::uint32_t wanted = (may_read() ? EPOLLIN : 0u) | (blocked_ ? EPOLLOUT : 0u);
  if (wanted == interest_) return;
  interest_ = wanted;
  server_->shard().readiness().change(stream_.descriptor(), *this, wanted);
}

void Connection::pause_input(bool paused) {
  paused_ = paused;
  update_interest();
}

void Connection::on_ready(std::uint32_t events) {
  if (dead_ || moving_) return;
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if ((events & EPOLLOUT) != 0 || (blocked_ && stream_.secure())) flush();
  if (dead_) return;
  if (failed && !may_read()) return abort();
  // Under TLS a read may have waited for writability.
  if ((events & EPOLLIN) != 0 || failed || stream_.secure()) read_now();
}

void Connection::read_now() {
  std::size_t budget = kReadBudget;
  while (!dead_ && may_read()) {
    const ShardServer::ReadLease buffer(*server_);
    const auto result = stream_.read(buffer.bytes().data(), buffer.bytes().size());
    if (result.status == IoStatus::kBroken) return abort();
    if (result.status == IoStatus::kEnd) {
      ended_ = true;
      if (lingering_) return abort();
      update_interest();
      if (!closing_) protocol_->on_end();
      return;
    }
    if (result.status == IoStatus::kOtherWay) {
      blocked_ = true;  // TLS must write first: wake up for that
      return update_interest();
    }
    if (result.bytes == 0) return;
    server_->tally().bytes_received += result.bytes;
    if (!closing_) protocol_->on_bytes(buffer.bytes().first(result.bytes));
    // A short read of a plain socket means that it is empty: one system call fewer.
    if (!stream_.secure() && result.bytes < buffer.bytes().size()) break;
    if (result.bytes >= budget) return read_once_more_later();
    budget -= result.bytes;
  }
  if (!dead_) update_interest();
}

void Connection::read_once_more_later() {
  // A plain socket is reported again; what TLS has decrypted already is not.
  if (stream_.has_pending()) server_->read_later(*this);
  update_interest();
}

void Connection::close_after_flush() {
  close_after_flush(server_->context().options.http.last_answer);
}

void Connection::close_after_flush(std::chrono::milliseconds patience) {
  if (closing_ || dead_) return;
  closing_ = true;
  set_deadline_after(patience);
  wrote();
}

void Connection::begin_lingering() {
  if (lingering_) return;
  if (ended_) return abort();
  lingering_ = true;
  stream_.shut_down_writing();
  set_deadline_after(kLinger);
  update_interest();
}

void Connection::abort() {
  if (dead_) return;
  dead_ = true;
  deadline_.cancel();
  protocol_->on_lost();
  server_->bury(*this);
}

void Connection::on_deadline() {
  if (closing_) return abort();
  protocol_->on_deadline();
}

void Connection::set_deadline(base::SteadyTime at) {
  server_->shard().timers().arm(deadline_, at);
}

void Connection::set_deadline_after(std::chrono::milliseconds delay) {
  server_->shard().timers().arm_after(deadline_, delay);
}

}  // namespace engineio
