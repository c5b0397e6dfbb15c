// What requests on the engine's path mean (socketio.md §§2, 3, 5, 6).
#include <utility>

#include "socketio/engineio/cors.hpp"
#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio/forwarded.hpp"
#include "socketio/engineio/http_conversation.hpp"
#include "socketio/engineio/shard_server.hpp"
#include "socketio/engineio/websocket_link.hpp"
#include "socketio/websocket_codec/handshake.hpp"

namespace engineio {

namespace {

std::string joined_header(const RequestHead& head, std::string_view name) {
  std::string out;
  for (const auto& [key, value] : head.headers) {
    if (key != name) continue;
    if (!out.empty()) out += ',';
    out += value;
  }
  return out;
}

void count(Counters::Number& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::string HttpConversation::engine_headers(const RequestHead& head) const {
  std::string lines = cors_headers(head, connection_.server().context().options.cors);
  const auto agent = head.header("user-agent");
  if (agent.find(";MSIE") != agent.npos || agent.find("Trident/") != agent.npos) lines += "X-XSS-Protection: 0\r\n";
  return lines;
}

/// A POST takes its place in the session when its head is there: a second one meanwhile is misuse (§3.8).
void HttpConversation::begin_post(const Target& target) {
  constexpr int kBad = 400;
  if (reading_->parser.head().upgrade) return;  // refused, whatever session it names
  auto& server = connection_.server();
  const auto query = EngineQuery::of(target.query, server.context().options);
  if (query.sid.empty() || query.transport != Transport::kPolling || !query.revision4) return;
  if (!origin_allowed(reading_->parser.head(), server.context().options)) return;
  auto* session = server.find_session(query.sid);
  if (session != nullptr) session->let_candidate_speak();
  // What it said may have answered a poll of this connection, for the last time when the server drains.
  if (last_request_) return;
  session = server.find_session(query.sid);
  if (session == nullptr || session->transport() != Transport::kPolling) return;
  if (reading_->parser.head().header("content-type") == "application/octet-stream") {
    reading_->refusal = kBad;
    session->misuse();
  } else if (session->begin_post(*this)) {
    reading_->posting = session;
  } else {
    reading_->refusal = kBad;
  }
}

void HttpConversation::finish_engine_request(Reading& reading, const Target& target) {
  auto& server = connection_.server();
  const auto& options = server.context().options;
  const RequestHead& head = reading.parser.head();
  Slot& slot = open_slot(head);
  slot.headers = engine_headers(head);
  const auto number = slot.number;
  if (reading.refusal != 0) return answer_refused(number, reading.refusal);
  if (head.method == "OPTIONS" && !options.cors.origins.empty()) {
    slot.headers += preflight_headers(head, options.cors);
    return answer_refused(number, 204);
  }
  const auto query = EngineQuery::of(target.query, options);
  if (!query.transport) return refuse_engine(number, head, transport_unknown());
  if (query.sid.empty()) return finish_handshake(number, head, target, query);
  auto* session = server.find_session(query.sid);
  if (session == nullptr) return finish_without_session(number, head, query);
  if (reading.posting == nullptr && !head.upgrade) {
    session->let_candidate_speak();
    // A poll whose answer only waits for the end of this turn is over: the next one may come in the same segment.
    if (head.method == "GET") session->flush_poll();
    session = server.find_session(query.sid);
    if (session == nullptr) return finish_without_session(number, head, query);
  }
  finish_session_request(number, reading, query, *session);
}

/// There is no such session, or no more.
void HttpConversation::finish_without_session(std::uint32_t number, const RequestHead& head, const EngineQuery& query) {
  auto& server = connection_.server();
  const bool polls = head.method == "GET" && !head.upgrade && query.transport == Transport::kPolling && query.revision4;
  if (polls && origin_allowed(head, server.context().options) && server.farewells().take(query.sid, server.now()))
    return answer_poll(number, "6");
  refuse_engine(number, head, session_unknown());
}

void HttpConversation::finish_session_request(std::uint32_t number, Reading& reading, const EngineQuery& query,
                                              EngineSession& session) {
  const RequestHead& head = reading.parser.head();
  if (!head.upgrade && query.transport != session.transport()) return refuse_engine(number, head, bad_request());
  if (!query.revision4) return refuse_engine(number, head, bad_request());
  if (!origin_allowed(head, connection_.server().context().options)) {
    count(connection_.server().context().counters.refused_origin);
    return refuse_engine(number, head, forbidden({}));
  }
  if (head.upgrade) {
    if (query.transport != Transport::kWebSocket) return refuse_engine(number, head, bad_request());
    return open_websocket(number, head, query, &session, nullptr);
  }
  if (session.transport() == Transport::kPolling && head.method == "GET") return session.poll(*this, number);
  if (std::exchange(reading.posting, nullptr) != nullptr)
    return session.finish_post(*this, number, std::move(reading.parser.body()));
  refuse_engine(number, head, bad_request());
}

void HttpConversation::finish_handshake(std::uint32_t number, const RequestHead& head, const Target& target,
                                        const EngineQuery& query) {
  auto& server = connection_.server();
  auto& context = server.context();
  const bool websocket = query.transport == Transport::kWebSocket;
  if (head.method != "GET") return refuse_engine(number, head, bad_handshake_method());
  if (websocket != head.upgrade) return refuse_engine(number, head, bad_request());
  if (!origin_allowed(head, context.options)) {
    count(context.counters.refused_origin);
    return refuse_engine(number, head, forbidden({}));
  }
  if (context.draining.load(std::memory_order_relaxed)) {  // the host may have taken down what its hook looks at
    count(context.counters.refused_session_limit);
    return answer(number, Answer{503, {}, {}, true});
  }
  const auto sender = sender_of(context, connection_.peer(), connection_.secure(), head);
  Handshake handshake;
  handshake.url = head.target;
  handshake.query = target.query;
  for (const auto& [name, value] : head.headers) {
    auto [at, fresh] = handshake.headers.try_emplace(name, value);
    if (!fresh) at->second.append(", ").append(value);
  }
  handshake.address = sender.address;
  handshake.secure = sender.secure;
  handshake.from_trusted = sender.trusted;
  handshake.cross_domain = head.has("origin");
  handshake.issued = context.clock.wall_now();
  handshake.accepted = server.now();
  if (context.options.allow_request) {
    auto admission = context.options.allow_request(handshake);
    if (!admission.allowed) {
      count(context.counters.refused_by_hook);
      return refuse_engine(number, head, forbidden(std::move(admission.message)));
    }
  }
  if (!query.revision4) return refuse_engine(number, head, unsupported_version());
  if (websocket) return open_websocket(number, head, query, nullptr, &handshake);
  auto* session = server.open_session();
  if (session == nullptr) return answer(number, Answer{503, {}, {}, true});
  const auto& cookie = context.options.cookie_name;
  if (Slot* slot = find_slot(number); slot != nullptr && !cookie.empty())
    slot->headers.append("Set-Cookie: ")
        .append(cookie)
        .append("=")
        .append(session->id())
        .append("; Path=/; HttpOnly; SameSite=Lax\r\n");
  session->open(nullptr, handshake);
  // The application may have refused it: then this answer carries the open packet and the close, or nothing is left.
  if (server.find_session(session->id()) == session) return session->poll(*this, number);
  refuse_engine(number, head, forbidden({}));
}

void HttpConversation::open_websocket(std::uint32_t number, const RequestHead& head, const EngineQuery& query,
                                      EngineSession* session, const Handshake* handshake) {
  auto& server = connection_.server();
  Slot* const slot = find_slot(number);
  if (slot == nullptr) return;  // an earlier answer was this connection's last
  const auto key =
      websocket_codec::accept_upgrade({joined_header(head, "upgrade"), joined_header(head, "connection"),
                                       head.header("sec-websocket-key"), head.header("sec-websocket-version")});
  const auto offered = joined_header(head, "sec-websocket-protocol");
  const auto subprotocol = websocket_codec::first_subprotocol(offered);
  // Answers of earlier requests cannot follow a 101.
  const bool pipelined = slots_.size() > 1;
  if (!key || !subprotocol || head.method != "GET" || pipelined) {
    if (!key && key.error() == websocket_codec::UpgradeError::kBadVersion)
      slot->headers += "Sec-WebSocket-Version: 13\r\n";
    return refuse_engine(number, head, bad_request());
  }
  if (session == nullptr && (session = server.open_session()) == nullptr)
    return answer(number, Answer{503, {}, {}, true});
  std::string& out = connection_.output();
  out.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  out.append(key->data(), key->size()).append("\r\n");
  if (!subprotocol->empty()) out.append("Sec-WebSocket-Protocol: ").append(*subprotocol).append("\r\n");
  out.append(slot->headers).append("\r\n");
  slots_.clear();
  switched_ = true;
  auto owned = std::make_unique<WebSocketLink>(connection_, query.base64);
  auto& link = *owned;
  connection_.switch_protocol(std::move(owned));
  connection_.wrote();
  if (handshake != nullptr) {
    link.carry(*session);
    session->open(&link, *handshake);
  } else if (session->offer_candidate(link)) {
    link.probe_for(*session);
  } else {
    link.close();  // one candidate at a time; the session does not notice
  }
}

void HttpConversation::refuse_engine(std::uint32_t slot, const RequestHead& head, const Refusal& refusal) {
  count(connection_.server().context().counters.refused_handshake);
  if (head.upgrade) return answer(slot, Answer{refusal.status, {{"Content-Type", "text/html"}}, refusal.message, true});
  answer(slot, Answer{refusal.status, {{"Content-Type", "application/json"}}, refusal_body(refusal), false});
}

}  // namespace engineio
