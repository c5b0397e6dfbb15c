#pragma once
// Limits of the Socket.IO layer. Each bounds memory or time that a peer could otherwise choose (security.md §4, "S-n"
// below are the classes of socketio.md §19.2).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "socketio/socketio_codec/packet.hpp"

namespace socketio {

/// How long the copy of the first HTTP request lives. It is the largest part of an idle connection's memory.
enum class HandshakeRetention : std::uint8_t {
  kWholeConnection,  // Socket::handshake() works for the life of the socket
  kUntilJoined,  // dropped when the first namespace is joined; ConnectRequest::handshake is null for later namespaces
};

struct ServerOptions {
  /// No namespace joined this long after the engine's handshake: the connection is closed. Armed once, as the reference
  /// server does it, unless the next is on.
  std::chrono::milliseconds connect_timeout{45'000};
  /// Arms it again when the last namespace is left. Off: such a connection stays for as long as it answers pings
  /// (§12.1). On for whoever bounds the connections that are in no namespace: they must end by themselves.
  bool rearm_connect_timeout = false;
  /// Connections of one address (IPv6: /64) that are in no namespace at the same time; loopback and trusted proxies are
  /// exempt; 0 = off. Held where the engine's allow_request asks Server::has_room_for() (S-5).
  std::size_t max_unjoined_per_address = 0;
  /// A binary packet whose attachments do not all arrive in time closes the connection (S-2).
  std::chrono::milliseconds attachment_timeout{10'000};
  /// Joined or being joined at the same time on one connection (S-8).
  std::size_t max_namespaces_per_connection = 16;
  /// Names that clients may bring to life through a predicate, per server (S-8).
  std::size_t max_dynamic_namespaces = 1'000;
  /// Bytes of one packet before a namespace is joined; 0 = only the engine's limit (S-5).
  std::size_t max_unjoined_payload = 0;
  /// What one packet may hold: name lengths, JSON depth, attachments. Wide here, for programs of any kind. Bytes of
  /// attachments: 0 = as many as the engine's max_payload, which clients are told; Server::attach sets them.
  socketio_codec::DecodeLimits packets{.event_name_bytes = 256,
                                       .namespace_bytes = 128,
                                       .json_depth = 64,
                                       .json_members = 0,
                                       .attachments = socketio_codec::kMaxAttachments,
                                       .attachment_bytes = 0,
                                       .attachments_total_bytes = 0};
  /// Tracked acks of one socket that wait for their answer (S-11); more are refused by emit_with_ack.
  std::size_t max_outstanding_acks = 1'024;
  /// For emit_with_ack without a time of its own.
  std::chrono::milliseconds ack_timeout{30'000};
  /// The id of a socket's first event that asks for an answer; the next ones count up. nullopt: at random for each
  /// socket. The original clients answer through whatever connection they have by then: an answer to an event of the
  /// connection before must not name one of this one's.
  std::optional<std::uint32_t> first_ack_id = std::nullopt;
  /// Unsent bytes of a connection to which broadcasts add; beyond it they are dropped for this connection until all has
  /// been written. 0: they are kept, and the engine's limit ends a slow reader. (What is emitted to one Socket is
  /// kept.)
  std::size_t max_broadcast_bytes = 0;
  /// Rooms of one socket, its own id included.
  std::size_t max_rooms_per_socket = 1'024;
  /// A dynamic namespace without sockets is forgotten, so that its name no longer counts.
  bool remove_empty_dynamic_namespaces = true;
  HandshakeRetention handshake_retention = HandshakeRetention::kWholeConnection;
};

}  // namespace socketio
