#include "gateway/gateway.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "gateway/session.hpp"
#include "wire/events.hpp"

namespace gateway {

namespace {

std::vector<Place> places_of(const std::vector<aio::Shard*>& shards) {
  std::vector<Place> places;
  for (auto* shard : shards) {
    places.push_back({.executor = *shard,
                      .timers = shard->timers(),
                      .is_here = [shard] { return shard->on_this_thread(); },
                      .at_end_of_turn = [shard](base::Task task) { shard->at_end_of_turn(std::move(task)); }});
  }
  return places;
}

}  // namespace

Gateway::Gateway(Services services, Options options, const std::vector<aio::Shard*>& shards)
    : Gateway(services, options, places_of(shards)) {}

Gateway::Gateway(Services services, Options options, std::vector<Place> places)
    : services_(services), options_(options) {
  base::SecureRandom seeds;
  for (auto& place : places)
    rooms_.push_back(std::make_unique<Room>(Room{std::move(place), {}, base::SeededRandom(seeds.next())}));
}

Gateway::~Gateway() = default;

void Gateway::install(socketio::Server& server) {
  auto& space = server.of("/");
  space.use([this](const socketio::ConnectRequest& request, socketio::Decision decision) {
    admit(request, std::move(decision));
  });
  // Log entries reach a socket only from its pump (I4), whoever else may emit to it.
  space.use_on_peer_events([this](std::string_view event) {
    if (!wire::is_server_event(event)) return true;
    counters_.events_forged.fetch_add(1, std::memory_order_relaxed);
    return false;
  });
  // Nothing here listens; but a peer that wants answers would wait for ours until its time-out.
  space.on_server_event([](socketio::ServerEvent& event) {
    if (event.ack) event.ack({});
  });
}

Gateway::Room& Gateway::room_here() {
  const auto here = std::find_if(rooms_.begin(), rooms_.end(), [](const auto& room) { return room->place.is_here(); });
  CHECK(here != rooms_.end());  // a session is made on its shard
  return **here;
}

bool Gateway::crowded() const {
  return options_.max_unjoined > 0 && counters_.authenticating_now.load(std::memory_order_relaxed) >=
                                          static_cast<std::uint64_t>(options_.max_unjoined);
}

void Gateway::admit(const socketio::ConnectRequest& request, socketio::Decision decision) {
  const auto refuse = [&](const chat::Refusal& refusal, Counters::Number& counter) {
    counter.fetch_add(1, std::memory_order_relaxed);
    std::string data;
    append_connect_error(data, refusal);
    decision.refuse(chat::to_string(refusal.code), data);
  };
  if (crowded()) {
    return refuse({.code = chat::ErrorCode::kOverloaded,
                   .message = "too many connections are authenticating",
                   .retry_after_seconds = 1},
                  counters_.connects_overloaded);
  }
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
