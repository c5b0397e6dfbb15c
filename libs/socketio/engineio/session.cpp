#include "socketio/engineio/session.hpp"

namespace engineio {

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kTransportClose:
      return "transport close";
    case CloseReason::kTransportError:
      return "transport error";
    case CloseReason::kPingTimeout:
      return "ping timeout";
    case CloseReason::kParseError:
      return "parse error";
    case CloseReason::kForcedClose:
      return "forced close";
    case CloseReason::kForcedServerClose:
      return "forced server close";
    case CloseReason::kServerShuttingDown:
      return "server shutting down";
    case CloseReason::kSlowConsumer:
      return "slow consumer";
  }
  return "unknown";
}

}  // namespace engineio
