#pragma once
// Writing packets (socketio.md §9.3) at the end of the caller's string. Arguments are JSON text without the array's
// brackets: `1,{"a":2}`, empty for none. Binary values stand in it as placeholders (append_placeholder), numbered in
// depth-first order; their bytes follow as that many binary messages, with no other packet between.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/socketio_codec/packet.hpp"

namespace socketio_codec {

/// Where a packet goes and what is asked of it.
struct Envelope {
  std::string_view name_space = "/";
  /// Events: the answer wanted, below kAckIdEnd (CHECK). Acks: the id that is answered, as it came.
  std::optional<std::uint64_t> ack_id = std::nullopt;
  /// Above 0 it is a binary packet; at most kMaxAttachments (CHECK).
  std::size_t attachments = 0;
};

/// Answer to CONNECT.
struct Accepted {
  std::string_view sid;
  std::string_view pid = {};  // only with connection state recovery; empty = left out
};
void append_connect(std::string& out, std::string_view name_space, const Accepted& accepted);

/// Refusal of CONNECT.
struct Refused {
  std::string_view message;
  std::string_view data = {};  // JSON text; empty = left out
};
void append_connect_error(std::string& out, std::string_view name_space, const Refused& refused);

void append_disconnect(std::string& out, std::string_view name_space);

struct EventBody {
  std::string_view name;  // UTF-8, not reserved (CHECK)
  std::string_view arguments = {};
};
void append_event(std::string& out, const Envelope& envelope, const EventBody& event);

/// `envelope.ack_id` must be set.
void append_ack(std::string& out, const Envelope& envelope, std::string_view arguments);

/// `{"_placeholder":true,"num":N}`, these very bytes: some clients search for them.
void append_placeholder(std::string& out, std::size_t index);

}  // namespace socketio_codec
