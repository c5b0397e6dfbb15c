#pragma once
// Listeners: the SocketHandler behind Socket::on, for programs that need no handler class of their own. Internal.

#include <map>
#include <string>

#include "socketio/server/socket.hpp"
#include "socketio/server/socket_handler.hpp"

namespace socketio {

class Listeners final : public SocketHandler {
 public:
  void on_event(Event& event) override;
  void on_disconnect(DisconnectReason reason) override;

  void set(std::string event, Socket::EventListener listener);
  void set_any(Socket::EventListener listener);
  void set_disconnect(base::Function<void(DisconnectReason)> listener);

 private:
  // Shared, because a listener may replace itself while it runs.
  using Stored = std::shared_ptr<Socket::EventListener>;
  std::map<std::string, Stored, std::less<>> by_name_;
  Stored any_;
  base::Function<void(DisconnectReason)> disconnect_;
};

}  // namespace socketio
