#pragma once
// Who sent a request: the peer, or what a trusted proxy says of it.

#include <string>

#include "socketio/engineio/http_parser.hpp"
#include "socketio/engineio/peer_address.hpp"
#include "socketio/engineio/server_context.hpp"

namespace engineio {

struct Sender {
  std::string address;
  bool secure = false;
  bool trusted = false;  // loopback, or a trusted proxy speaking for itself
};

/// X-Forwarded-For is read from the right, past trusted proxies, and believed only from a trusted one.
Sender sender_of(const ServerContext& context, const PeerAddress& peer, bool tls, const RequestHead& head);

}  // namespace engineio
