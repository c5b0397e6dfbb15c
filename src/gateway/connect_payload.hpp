#pragma once
// The auth payload of CONNECT: {token, device?, epoch?, position?, batch?: true, confirm?: "ack" | "heartbeat"}.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/model/failure.hpp"
#include "chat/services/messaging.hpp"

namespace gateway {

/// Ours are shorter; what a client says longer is not one of them and need not travel to the lane.
inline constexpr std::size_t kMaxEpochLength = 64;

enum class Confirm : std::uint8_t { kAck, kHeartbeat };

struct ConnectPayload {
  std::string token;
  std::optional<chat::DeviceId> device;
  std::optional<chat::ResumePoint> resume;
  bool batch = false;
  std::optional<Confirm> confirm;  // absent: the server's default
};

/// `auth` is a validated JSON object. Unknown members are ignored; a known one of the wrong type is `invalid`, a
/// missing token `unauthorized`. Epoch and position come together or not at all.
base::Result<ConnectPayload, chat::Refusal> parse_connect_payload(std::string_view auth);

/// {code, reason?, retryAfter?}: the data of CONNECT_ERROR, whose message is the code.
void append_connect_error(std::string& out, const chat::Refusal& refusal);

}  // namespace gateway
