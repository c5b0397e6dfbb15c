// The parts of a session that only polling and the upgrade from it need (socketio.md §§3, 6).
#include <utility>

#include "base/check.hpp"
#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio/http_conversation.hpp"
#include "socketio/engineio/polling_state.hpp"
#include "socketio/engineio/websocket_link.hpp"

namespace engineio {

using engineio_codec::PacketType;
using engineio_codec::PayloadWriter;

namespace {
/// python-engineio drops a connection whose poll carries more packets (socketio.md §3.14).
constexpr std::size_t kPacketsPerPoll = 16;
/// Bytes of one poll's answer, unless a single packet is larger.
constexpr std::size_t kBytesPerPoll = 1'000'000;
/// Packets of one POST that are handled in one turn; the rest waits for the next, so that others have theirs.
constexpr int kPacketsPerTurn = 256;
/// A poll that comes while an upgrade is pending is answered within 100 ms, but not at once: a client that has not seen
/// "3probe" yet would spin. The rest of the 100 ms is for the timer's tick and the network.
constexpr std::chrono::milliseconds kReleaseDelay{75};
/// "2probe" again and again earns nothing.
constexpr unsigned kMostProbes = 8;
}  // namespace

void EngineSession::poll(HttpConversation& conversation, std::uint32_t slot) {
  CHECK(polling_ != nullptr);
  if (polling_->parked != nullptr) {
    conversation.answer_refused(slot, 400);
    return end(CloseReason::kTransportError);
  }
  if (!conversation.attach_session(slot, *this)) return;
  polling_->parked = &conversation;
  polling_->parked_slot = slot;
  if (state_ == State::kClosing) return poll_while_closing();
  if (!polling_->queue.empty()) return need_flush();
  if (polling_->candidate != nullptr && polling_->probes > 0) release_poll_later();
}

void EngineSession::flush_poll() {
  if (state_ == State::kClosed || !polling_ || polling_->parked == nullptr || polling_->queue.empty()) return;
  std::string body;
  PayloadWriter writer(body);
  auto& queue = polling_->queue;
  while (!queue.empty() && writer.count() < kPacketsPerPoll) {
    const QueuedPacket& packet = queue.front();
    if (writer.count() > 0 && body.size() + packet.payload.size() * 4 / 3 > kBytesPerPoll) break;
    if (packet.binary) {
      writer.add_binary(packet.payload);
    } else {
      writer.add_text(packet.type, packet.payload);
    }
    polling_->queued_bytes -= packet.payload.size() + 1;
    queue.pop_front();
  }
  if (queue.empty()) std::deque<QueuedPacket>().swap(queue);
  answer_poll(std::move(body));
  if (!polling_->queue.empty()) waited_ = true;  // for the next poll
  if (!polling_->queue.empty() || state_ != State::kOpen) return;
  last_written_ = server_.now();
  const bool waited = waited_;
  waited_ = false;
  if (waited && listener_) listener_->on_drain();
}

void EngineSession::answer_poll(std::string body) {
  polling_->release.cancel();
  auto* conversation = std::exchange(polling_->parked, nullptr);
  conversation->answer_poll(polling_->parked_slot, std::move(body));
}

void EngineSession::release_poll_later() {
  if (!polling_->release.armed()) server_.shard().timers().arm_after(polling_->release, kReleaseDelay);
}

void EngineSession::on_release() {
  if (polling_->parked != nullptr && polling_->queue.empty()) answer_poll("6");
}

// --- POST ---

bool EngineSession::begin_post(HttpConversation& conversation) {
  CHECK(polling_ != nullptr);
  if (polling_->posting != nullptr) {
    end(CloseReason::kTransportError);
    return false;
  }
  polling_->posting = &conversation;
  return true;
}

void EngineSession::finish_post(HttpConversation& conversation, std::uint32_t slot, std::string body) {
  CHECK(polling_ != nullptr && polling_->posting == &conversation);
  if (!conversation.attach_session(slot, *this)) return conversation_lost(conversation);
  polling_->post_slot = slot;
  polling_->post = std::make_unique<PostAtWork>(std::move(body));
  continue_post();
}

/// A session that has ended keeps its POST: the packet being handled points into it.
bool EngineSession::post_at_work() const {
  return state_ != State::kClosed && polling_ && polling_->post;
}

void EngineSession::continue_post() {
  if (!post_at_work()) return;
  // What a packet's handler does may end the session, or finish this POST by upgrading: look again after each.
  for (int handled = 0; handled < kPacketsPerTurn; ++handled) {
    const auto packet = polling_->post->reader.next();
    if (!packet) return answer_post();
    if (!*packet) return end(CloseReason::kParseError);
    handle_packet(**packet);
    if (!post_at_work()) return;
  }
  need_flush();
  server_.continue_post_later(id());
}

void EngineSession::answer_post() {
  polling_->post.reset();
  std::exchange(polling_->posting, nullptr)->answer_post(polling_->post_slot);
}

void EngineSession::abandon_post(const HttpConversation& conversation) {
  if (polling_ && polling_->posting == &conversation) polling_->posting = nullptr;
}

void EngineSession::conversation_lost(const HttpConversation& conversation) {
  if (!polling_) return;
  const bool parked = polling_->parked == &conversation;
  const bool posting = polling_->posting == &conversation;
  if (parked) polling_->parked = nullptr;
  if (posting) polling_->posting = nullptr;
  if (parked || posting) end(CloseReason::kTransportError);
}

// --- the upgrade ---

bool EngineSession::offer_candidate(WebSocketLink& link) {
  if (state_ != State::kOpen || !polling_ || polling_->candidate != nullptr) return false;
  polling_->candidate = &link;
  polling_->probes = 0;
  return true;
}

void EngineSession::let_candidate_speak() {
  if (polling_ && polling_->candidate != nullptr) polling_->candidate->read_now();
}

void EngineSession::candidate_text(std::string_view text) {
  WebSocketLink& link = *polling_->candidate;
  if (text == "2probe" && polling_->probes < kMostProbes) {
    ++polling_->probes;
    link.send_packet(PacketType::kPong, false, "probe");
    // Without this the client would wait for its poll, up to a whole ping interval, before it upgrades.
    if (polling_->parked != nullptr && polling_->queue.empty()) answer_poll("6");
    return;
  }
  if (text == "5") return upgrade();
  link_lost(link, CloseReason::kTransportError);
  link.close();
}

void EngineSession::upgrade() {
  if (state_ == State::kClosed) return;
  // Whatever the POST at work still holds was sent before the "5".
  while (post_at_work()) continue_post();
  if (state_ == State::kClosed || !polling_ || polling_->candidate == nullptr) return;
  // Always noop: packets in this answer could be overtaken by those on the WebSocket.
  if (polling_->parked != nullptr) answer_poll("6");
  if (state_ == State::kClosed) return;  // the answer ended its connection, and that the POST on it
  if (polling_->posting != nullptr) polling_->posting->forget_session(*this);
  WebSocketLink& link = *polling_->candidate;
  link_ = &link;
  link.take_over();
  const auto state = std::move(polling_);
  if (!state->queue.empty()) waited_ = true;  // for a poll that does not come
  for (const auto& packet : state->queue) link.send_packet(packet.type, packet.binary, packet.payload);
  server_.context().counters.upgrades.fetch_add(1, std::memory_order_relaxed);
  if (state_ == State::kClosing) end(reason_);
}

// --- the end ---

void EngineSession::begin_graceful_close() {
  heartbeat_.cancel();
  arm_heartbeat(server_.now() + server_.context().options.close_timeout);
  // After "3probe" the client stops polling at a moment of its own: what is queued leaves with its next poll or after
  // its "5". To close the WebSocket under it would lose the last words, and the client would come back by itself.
  const bool probed = polling_->candidate != nullptr && polling_->probes > 0;
  if (!probed && polling_->candidate != nullptr) std::exchange(polling_->candidate, nullptr)->close();
  if (polling_->parked == nullptr) return;
  if (!polling_->queue.empty()) return need_flush();
  end(reason_);
}

void EngineSession::poll_while_closing() {
  if (!polling_->queue.empty()) return need_flush();
  std::string body;
  PayloadWriter writer(body);
  writer.add_text(PacketType::kNoop);
  writer.add_text(PacketType::kClose);
  answer_poll(std::move(body));
  end(reason_);
}

void EngineSession::close_polling(bool by_client) {
  polling_->release.cancel();
  if (auto* candidate = std::exchange(polling_->candidate, nullptr)) candidate->close();
  if (polling_->parked != nullptr) {
    answer_poll(by_client ? "6" : "1");
  } else if (by_client) {
    server_.farewells().remember(id(), server_.now());
  }
  auto* posting = std::exchange(polling_->posting, nullptr);
  if (posting == nullptr) return;
  if (polling_->post) {
    posting->answer_post(polling_->post_slot);  // its body was read; what it caused is told by the session's end
  } else {
    posting->drop_post(*this);
  }
}

}  // namespace engineio
