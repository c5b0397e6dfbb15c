#pragma once
// What a session needs only while it polls.

#include <deque>
#include <memory>
#include <string>

#include "aio/timer_wheel.hpp"
#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio_codec/payload.hpp"

namespace engineio {

struct QueuedPacket {
  engineio_codec::PacketType type;
  bool binary;
  std::string payload;
};

/// A body whose packets are being handled, at most kPacketsPerTurn a turn.
struct PostAtWork {
  explicit PostAtWork(std::string b) : body(std::move(b)), reader(body, scratch) {}
  std::string body;
  std::string scratch;
  engineio_codec::PayloadReader reader;
};

struct PollingState {
  explicit PollingState(EngineSession& session) : release(aio::Timer::member<&EngineSession::on_release>(session)) {}

  std::deque<QueuedPacket> queue;
  std::size_t queued_bytes = 0;

  HttpConversation* parked = nullptr;
  std::uint32_t parked_slot = 0;

  HttpConversation* posting = nullptr;
  std::uint32_t post_slot = 0;
  std::unique_ptr<PostAtWork> post;

  WebSocketLink* candidate = nullptr;
  unsigned probes = 0;
  aio::Timer release;  // answers a poll with noop while the upgrade is pending
};

}  // namespace engineio
