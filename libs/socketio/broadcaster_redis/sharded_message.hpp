#pragma once
// What createShardedAdapter of @socket.io/redis-adapter publishes with SPUBLISH (socketio.md §16): values -> bytes. No
// I/O.
//
//   message  = {type, data, uid, nsp}: JSON, or msgpack where it holds binary values; its first byte tells which
//   channels = PREFIX#N# for everybody, PREFIX#N#uid# for answers to one server, PREFIX#N#room# for those who have it

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/broadcaster_redis/peer_values.hpp"

namespace broadcaster_redis {

enum class MessageType : std::uint8_t {
  kFirstHeartbeat = 1,
  kHeartbeat,
  kBroadcast,
  kJoin,
  kLeave,
  kDisconnect,
  kFetch,
  kSockets,
  kServerEvent,
  kServerAnswer,
  kClientCount,
  kClientAnswer,
  kGoodbye,
};

/// Of every message of this node's.
struct Speaker {
  std::string_view uid;
  std::string_view name_space;
};

std::string encode_fetch(const Speaker& speaker, std::string_view request_id, const socketio::Selection& of);
std::string encode_move(const Speaker& speaker, const socketio::Selection& of, socketio::RoomChange change,
                        std::string_view room);
std::string encode_disconnect(const Speaker& speaker, const socketio::Selection& of, bool close);
/// An empty id: no answer is wanted.
std::string encode_server_event(const Speaker& speaker, std::string_view request_id, std::string_view event,
                                std::string_view arguments);
/// nullopt: cannot be said (a placeholder without its attachment, nested too deeply).
std::optional<std::string> encode_broadcast(const Speaker& speaker, const socketio::Selection& to,
                                            const socketio::OutgoingEvent& event, socketio::EmitOptions options);
std::optional<std::string> encode_asking_broadcast(const Speaker& speaker, std::string_view request_id,
                                                   const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                                   std::chrono::milliseconds timeout);

// Answers. A value is JSON text; empty stands for null.
std::string encode_sockets(const Speaker& speaker, std::string_view request_id,
                           const std::vector<socketio::RemoteSocket>& sockets);
std::string encode_client_count(const Speaker& speaker, std::string_view request_id, std::size_t count);
std::optional<std::string> encode_client_answer(const Speaker& speaker, std::string_view request_id,
                                                std::string_view value, socketio::Attachments attachments);
std::string encode_server_answer(const Speaker& speaker, std::string_view request_id, std::string_view value);

}  // namespace broadcaster_redis
