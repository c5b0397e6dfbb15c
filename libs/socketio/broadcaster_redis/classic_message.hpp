#pragma once
// What @socket.io/redis-adapter (classic) and @socket.io/redis-emitter publish (socketio.md §15): values <-> bytes. No
// I/O.
//
//   broadcast  on PREFIX#N# or, to exactly one room, PREFIX#N#room#: msgpack [uid, packet, opts]
//   request    on PREFIX-request#N#: JSON, or msgpack where it may hold binary; {type, uid, requestId?, …}
//   response   on PREFIX-response#N#: JSON or msgpack; {requestId, …}
//   packet = {type: 2, data: [event, …], nsp: N} · opts = {rooms, except, flags}

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/broadcaster_redis/peer_values.hpp"

namespace broadcaster_redis {

enum class RequestType : std::uint8_t {
  kSockets,
  kAllRooms,
  kJoin,
  kLeave,
  kDisconnect,
  kFetch,
  kServerSideEmit,
  kBroadcast,
  kClientCount,
  kBroadcastAnswer,
};

/// The channels of one namespace.
struct Channels {
  Channels(std::string_view prefix, std::string_view name_space);
  std::string broadcast;
  std::string request;
  std::string response;
  /// Of PSUBSCRIBE: every broadcast channel of the namespace, and maybe some of others.
  std::string pattern;
  /// `uid` may be asked for answers here as well.
  [[nodiscard]] std::string own_response(std::string_view uid) const { return response + std::string(uid) + '#'; }
  [[nodiscard]] std::string of(const socketio::Selection& to) const {
    return to.rooms.size() == 1 ? broadcast + to.rooms[0] + '#' : broadcast;
  }
};

/// Who asks, and under which id the answers come; empty: none are wanted.
struct Asking {
  std::string_view uid;
  std::string_view request_id;
};

/// nullopt: cannot be said (a placeholder without its attachment, nested too deeply).
std::optional<std::string> encode_broadcast(std::string_view uid, std::string_view name_space,
                                            const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                            socketio::EmitOptions options);
std::optional<std::string> encode_asking_broadcast(const Asking& asking, std::string_view name_space,
                                                   const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                                   std::chrono::milliseconds timeout);
/// kAllRooms, kFetch.
std::string encode_question(const Asking& asking, RequestType type, const socketio::Selection* of);
std::string encode_move(std::string_view uid, const socketio::Selection& of, socketio::RoomChange change,
                        std::string_view room);
std::string encode_disconnect(std::string_view uid, const socketio::Selection& of, bool close);
std::string encode_server_side_emit(const Asking& asking, std::string_view event, std::string_view arguments);

// Answers to the peers' requests.
std::string encode_sockets(std::string_view request_id, const std::vector<socketio::RemoteSocket>& sockets);
/// `key` is "rooms" or, for ids of sockets, "sockets".
std::string encode_names(std::string_view request_id, std::string_view key, const std::vector<std::string>& names);
std::string encode_client_count(std::string_view request_id, std::size_t count);
/// One JSON value; empty stands for null.
std::string encode_server_answer(std::string_view request_id, std::string_view value);
std::optional<std::string> encode_client_answer(std::string_view request_id, std::string_view value,
                                                socketio::Attachments attachments);

/// Of a packet {type, data, nsp}; nullopt also for another namespace.
std::optional<PeerEvent> read_packet(const std::optional<base::JsonValue>& packet, std::string_view name_space,
                                     std::size_t attachments);

}  // namespace broadcaster_redis
