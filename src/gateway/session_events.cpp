// What a session's client says.
#include "gateway/client_events.hpp"
#include "gateway/session.hpp"
#include "wire/shapes.hpp"

namespace gateway {
namespace {

/// Reused by every answer of this thread's shard; an ack's text is copied out before the next one is built.
template <class Append>
void answer_with(socketio::AckResponder& ack, std::string& scratch, Append&& append) {
  if (!ack) return;
  scratch.clear();
  append(scratch);
  ack(scratch);
}

}  // namespace

void Session::on_event(socketio::Event& event) {
  if (!begun_) return;
  if (event.name == "send_message") return handle_send(event);
  if (!within_budget(event)) return;
  if (event.name == "mark_read") return handle_mark_read(event);
  if (event.name == "typing") return handle_typing(event);
  if (event.name == "sync") return handle_sync(event);
  gateway_.counters_.events_invalid.fetch_add(1, std::memory_order_relaxed);
  answer_refused(event.ack, {.code = chat::ErrorCode::kInvalid, .message = "unknown event"});
}

bool Session::within_budget(socketio::Event& event) {
  const auto verdict = budget_.spend(gateway_.options_.events_per_second, now());
  if (verdict == BudgetVerdict::kGranted) return true;
  gateway_.counters_.events_rate_limited.fetch_add(1, std::memory_order_relaxed);
  answer_refused(
      event.ack,
      {.code = chat::ErrorCode::kRateLimited, .message = "too many events a second", .retry_after_seconds = 1});
  if (verdict == BudgetVerdict::kHopeless) {
    gateway_.counters_.closed_flooding.fetch_add(1, std::memory_order_relaxed);
    socket_.get()->engine().close(engineio::CloseReason::kForcedServerClose, false);
  }
  return false;
}

void Session::answer_refused(socketio::AckResponder& ack, const chat::Refusal& refusal) {
  answer_with(ack, room_.scratch, [&](std::string& out) { wire::append_failed_ack(out, refusal); });
}

void Session::handle_send(socketio::Event& event) {
  auto arguments = parse_send(event.arguments);
  if (!arguments) {
    gateway_.counters_.events_invalid.fetch_add(1, std::memory_order_relaxed);
    return answer_refused(event.ack, arguments.error());
  }
  chat::SendRequest request{.sender = user_,
                            .login = login_,
                            .device = device_,
                            .connection = connection_,
                            .recipient = arguments->recipient,
                            .content = std::move(arguments->content),
                            .client_id = std::move(arguments->client_id),
                            .accepted = now(),
                            .held_back = {}};
  messaging().send(
      std::move(request), room_.place.executor,
      [ack = std::move(event.ack), &room = room_](std::variant<chat::SendAnswer, chat::Refusal> answer) mutable {
        answer_with(ack, room.scratch, [&](std::string& out) {
          if (const auto* sent = std::get_if<chat::SendAnswer>(&answer)) return wire::append_send_ack(out, *sent);
          wire::append_failed_ack(out, std::get<chat::Refusal>(answer));
        });
      });
}

void Session::handle_mark_read(socketio::Event& event) {
  const auto arguments = parse_mark_read(event.arguments);
  if (!arguments) {
    gateway_.counters_.events_invalid.fetch_add(1, std::memory_order_relaxed);
    return answer_refused(event.ack, arguments.error());
  }
  messaging().mark_read(
      {.reader = user_, .login = login_, .device = device_, .connection = connection_, .what = *arguments},
      room_.place.executor,
      [ack = std::move(event.ack), &room = room_](std::variant<std::monostate, chat::Refusal> answer) mutable {
        answer_with(ack, room.scratch, [&](std::string& out) {
          if (const auto* refusal = std::get_if<chat::Refusal>(&answer)) return wire::append_failed_ack(out, *refusal);
          wire::append_ok(out);
        });
      });
}

void Session::handle_typing(socketio::Event& event) {
  const auto arguments = parse_typing(event.arguments);
  if (!arguments) {
    gateway_.counters_.events_invalid.fetch_add(1, std::memory_order_relaxed);
    return answer_refused(event.ack, arguments.error());
  }
  messaging().typing(user_, arguments->recipient, arguments->typing);
  answer_with(event.ack, room_.scratch, [](std::string& out) { wire::append_ok(out); });
}

void Session::handle_sync(socketio::Event& event) {
  auto point = parse_sync(event.arguments);
  if (!point) {
    gateway_.counters_.events_invalid.fetch_add(1, std::memory_order_relaxed);
    return answer_refused(event.ack, point.error());
  }
  messaging().sync(
      user_, device_, connection_, std::move(*point), room_.place.executor,
      [ack = std::move(event.ack), port = port_](std::variant<chat::SyncAnswer, chat::Refusal> answer) mutable {
        if (auto* session = session_of(port)) session->on_synced(ack, answer);
      });
}

void Session::on_synced(socketio::AckResponder& ack, const std::variant<chat::SyncAnswer, chat::Refusal>& answer) {
  if (const auto* refusal = std::get_if<chat::Refusal>(&answer)) return answer_refused(ack, *refusal);
  const auto& synced = std::get<chat::SyncAnswer>(answer);
  answer_with(ack, room_.scratch, [&](std::string& out) { wire::append_sync_ack(out, synced); });
  ++syncs_;
  pump_.resync(synced.position, synced.head);
  arm_timer();
}

void Session::on_ack(const socketio::Ack& ack) {
  pump_.on_ack(ack.id.value, ack_confirms(ack.arguments));
}

void Session::on_pong(std::uint64_t number) {
  pump_.on_pong(number);
}

void Session::on_drain() {
  pump_.on_writable();
}

}  // namespace gateway
