#include "gateway/gateway.hpp"

#include "base/check.hpp"
#include "gateway/session.hpp"

namespace gateway {

Gateway::Gateway(Services services, Options options, std::vector<aio::Shard*> shards)
    : services_(services), options_(std::move(options)) {
  base::SecureRandom seeds;
  for (auto* shard : shards)
    rooms_.push_back(std::make_unique<Room>(Room{*shard, {}, base::SeededRandom(seeds.next())}));
}

Gateway::~Gateway() = default;

void Gateway::install(socketio::Server& server) {
  server.of("/").use([this](const socketio::ConnectRequest& request, socketio::Decision decision) {
    admit(request, std::move(decision));
  });
}

Gateway::Room& Gateway::room_here() {
  for (const auto& room : rooms_)
    if (room->shard.on_this_thread()) return *room;
  CHECK(!"a session is made on its shard");
  return *rooms_.front();
}

void Gateway::admit(const socketio::ConnectRequest& request, socketio::Decision decision) {
  const auto refuse = [&](const chat::Refusal& refusal, Counters::Number& counter) {
    counter.fetch_add(1, std::memory_order_relaxed);
    std::string data;
    append_connect_error(data, refusal);
    decision.refuse(chat::to_string(refusal.code), data);
  };
  auto payload = parse_connect_payload(request.auth);
  if (!payload) {
    const bool unauthorized = payload.error().code == chat::ErrorCode::kUnauthorized;
    return refuse(payload.error(), unauthorized ? counters_.connects_unauthorized : counters_.connects_invalid);
  }
  const auto claims = services_.tokens.verify(payload->token, services_.clock.wall_now());
  if (!claims) {
    const bool expired = claims.error() == chat::TokenError::kExpired;
    return refuse({.code = chat::ErrorCode::kUnauthorized,
                   .message = expired ? "the token has expired" : "the token is not valid",
                   .reason = expired ? "expired" : "invalid"},
                  counters_.connects_unauthorized);
  }
  Session::start(*this, request, std::move(decision), *claims, std::move(*payload));
}

}  // namespace gateway
