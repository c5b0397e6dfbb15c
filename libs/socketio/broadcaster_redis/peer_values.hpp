#pragma once
// The values that both protocols are made of, on their way in and out: events, selections, sockets. No I/O.
//
//   packet = {type: 2, data: [event, …], nsp?} · opts = {rooms, except, flags} · socket = {id, handshake, rooms, data}

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "socketio/broadcaster_redis/msgpack.hpp"
#include "socketio/server/namespace.hpp"

namespace broadcaster_redis {

/// Of every event we send, with binary too: the receivers' parsers choose the type.
inline constexpr std::uint64_t kEventPacket = 2;

/// JSON or msgpack, told apart by the first byte; nullopt: neither.
std::optional<JsonDocument> read_document(std::string_view payload);
/// `document.text`, which must outlive the value.
std::optional<base::JsonValue> read_value(const JsonDocument& document);

/// An event of a peer's, checked; views into the value it was read from.
struct PeerEvent {
  std::string name;
  std::string_view arguments;
  base::JsonValue array;
};
/// `array` is [event, argument…]; nullopt: it is not, or the name is reserved, or a placeholder dangles.
std::optional<PeerEvent> read_event(const std::optional<base::JsonValue>& array, std::size_t attachments);
/// Of a packet; its namespace is the caller's business.
std::optional<PeerEvent> read_event_packet(const std::optional<base::JsonValue>& packet, std::size_t attachments);
std::optional<std::vector<std::string>> read_names(const std::optional<base::JsonValue>& array);
std::optional<socketio::Selection> read_selection(const std::optional<base::JsonValue>& opts);
std::optional<std::vector<socketio::RemoteSocket>> read_sockets(const std::optional<base::JsonValue>& array);
bool read_discardable(const base::JsonValue& opts);
/// Bounded: a peer may not make our sockets' tables wait for ever, whatever it asks for.
std::chrono::milliseconds read_ack_timeout(const base::JsonValue& opts);
std::optional<std::uint64_t> number_member(const base::JsonValue& object, std::string_view name);

void write_names(base::JsonWriter& json, const std::vector<std::string>& names);
/// The members of opts but its flags, into an open object.
void write_selection(base::JsonWriter& json, const socketio::Selection& selection);
/// The object `flags` of a broadcast.
void write_flags(base::JsonWriter& json, socketio::EmitOptions options);
void write_event(base::JsonWriter& json, std::string_view name, std::string_view arguments);
void write_sockets(base::JsonWriter& json, const std::vector<socketio::RemoteSocket>& sockets);
/// nullopt: no JSON, nested too deeply, or a placeholder without its attachment.
std::optional<std::string> to_msgpack(const std::string& json, socketio::Attachments attachments);

}  // namespace broadcaster_redis
