#pragma once
// What arrives on a socket: events and answers to our own events. All views are valid during the callback only.
//
// Arguments travel as JSON text: the values behind the event's name, separated by commas, without the array's brackets
// (`1,{"a":2}`; empty when there are none). They are checked: well-formed, strict UTF-8, no deeper than the limit.
// A binary value stands as `{"_placeholder":true,"num":N}` and is attachment N.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json_reader.hpp"
#include "base/strong.hpp"
#include "base/task.hpp"
#include "socketio/server/socket_ref.hpp"

namespace socketio {

/// Number of an event that wants an answer; below 2^31 (some clients read it as a signed 32-bit number), then it wraps.
using AckId = base::StrongNumber<struct AckIdTag, std::uint32_t>;

using Attachments = std::span<const std::string_view>;

/// Answers one event of the client, at most once, now or later, on the socket's shard. Movable, may be stored. After
/// the socket has left, or when the client did not ask, a call does nothing.
class AckResponder {
 public:
  AckResponder() = default;
  AckResponder(SocketRef socket, std::uint64_t id) : socket_(socket), id_(id), open_(true) {}
  AckResponder(AckResponder&& other) noexcept;
  AckResponder& operator=(AckResponder&& other) noexcept;
  AckResponder(const AckResponder&) = delete;
  AckResponder& operator=(const AckResponder&) = delete;
  ~AckResponder() = default;

  /// True while an answer is wanted and was not given.
  explicit operator bool() const { return open_; }
  /// `arguments` as described above; attachments make it a binary ack. False: dropped.
  bool operator()(std::string_view arguments = {}, Attachments attachments = {});
  [[nodiscard]] SocketRef socket() const { return socket_; }

 private:
  SocketRef socket_;
  std::uint64_t id_ = 0;
  bool open_ = false;
};

/// Element `index` of `array`; `null` when there is none.
base::JsonValue element(const base::JsonValue& array, std::size_t index);

struct Event {
  std::string_view name;
  std::string_view arguments;
  base::JsonValue array;  // the same as a parsed value: [name, argument…]
  Attachments attachments;
  AckResponder ack;  // move it out to answer later

  /// Argument `index`, counted behind the name; `null` when there is none.
  [[nodiscard]] base::JsonValue argument(std::size_t index) const { return element(array, index + 1); }
};

/// A client's answer to one of our events.
struct Ack {
  AckId id;
  std::string_view arguments;
  base::JsonValue array;  // [argument…]
  Attachments attachments;

  [[nodiscard]] base::JsonValue argument(std::size_t index) const { return element(array, index); }
};

enum class AckOutcome : std::uint8_t { kAnswered, kTimedOut, kDisconnected };
/// `ack` holds no arguments unless the outcome is kAnswered.
using AckCallback = base::Function<void(AckOutcome outcome, const Ack& ack)>;

}  // namespace socketio
