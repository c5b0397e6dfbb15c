#pragma once
// Server: Socket.IO protocol revision 5 on Engine.IO sessions (socketio.md §§9-12). Configure namespaces, attach to an
// engine, start the engine. One Hub per shard holds that shard's connections; nothing on the path of an event or a
// broadcast takes a lock. Must outlive the engine's sessions and every call of a SocketRef, Decision or AckResponder.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/server/namespace.hpp"
#include "socketio/server/options.hpp"

namespace engineio {
class Server;
}

namespace socketio {

class Hub;

class Server {
 public:
  explicit Server(ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The namespace of that name ("/chat"; "/" is the main one), created on the first call. Before attach only.
  Namespace& of(std::string_view name);
  /// Names chosen by clients: asked on the client's shard when no namespace of that name exists. The new namespace
  /// inherits the hooks of the returned one, whose own name means nothing. At most max_dynamic_namespaces live at once.
  Namespace& of(std::function<bool(std::string_view name)> predicate);

  /// Takes every session of the engine. Once, before the engine starts.
  void attach(engineio::Server& engine);

  [[nodiscard]] const ServerOptions& options() const { return options_; }
  [[nodiscard]] std::span<const std::unique_ptr<Hub>> hubs() const { return hubs_; }
  /// One per shard, in their order; attach does it. For tests and for engines of another make.
  Hub& add_hub(std::unique_ptr<Hub> hub);

 private:
  friend class Hub;
  struct Dynamic;
  /// Any shard; null when nobody wants the name, or too many live.
  std::shared_ptr<Namespace> find_or_create(std::string_view name);

  ServerOptions options_;
  std::vector<std::shared_ptr<Namespace>> fixed_;
  std::vector<std::unique_ptr<Dynamic>> dynamic_;
  std::mutex live_mutex_;  // guards live_; taken only when a shard meets a dynamic name for the first time
  std::vector<std::weak_ptr<Namespace>> live_;
  std::vector<std::unique_ptr<Hub>> hubs_;
};

}  // namespace socketio
