#pragma once
// Server: Socket.IO protocol revision 5 on Engine.IO sessions (socketio.md §§9-12). Configure namespaces, attach to an
// engine, start the engine. One Hub per shard holds that shard's connections; nothing on the path of an event or a
// broadcast takes a lock. Destroyed after the engine, and after the shards were stopped; outlives every call of a
// SocketRef, Decision or AckResponder.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/server/namespace.hpp"
#include "socketio/server/options.hpp"
#include "socketio/server/unjoined_addresses.hpp"

namespace aio {
class Shard;
}
namespace engineio {
class Server;
struct Handshake;
}  // namespace engineio

namespace socketio {

class Broadcaster;
class Hub;
struct Place;

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

  /// Makes this server a node of a cluster. Before attach, once.
  void set_broadcaster(std::shared_ptr<Broadcaster> broadcaster);
  /// Null: this server is alone.
  [[nodiscard]] Broadcaster* broadcaster() const { return broadcaster_.get(); }

  /// Takes every session of the engine, which runs on `shards`. Once, before the engine listens.
  void attach(engineio::Server& engine, std::span<aio::Shard* const> shards);

  /// As they were given; from the first hub on without those that mean "as the engine".
  [[nodiscard]] const ServerOptions& options() const { return options_; }
  /// How often a socket did not get a broadcast because of ServerOptions::max_broadcast_bytes. Any thread.
  [[nodiscard]] const std::atomic<std::uint64_t>& dropped_broadcasts() const { return dropped_broadcasts_; }
  /// False: the address has max_unjoined_per_address connections that are in no namespace. Any thread; handshakes at
  /// the same moment on several shards may exceed the number by those.
  [[nodiscard]] bool has_room_for(const engineio::Handshake& handshake) const;
  [[nodiscard]] std::span<const std::shared_ptr<Hub>> hubs() const { return hubs_; }
  /// One per shard, in their order; attach does it. For tests and for engines of another make.
  Hub& add_hub(const Place& place);

 private:
  friend class Hub;
  struct Dynamic {
    std::function<bool(std::string_view)> wants;
    std::shared_ptr<Namespace> pattern;
  };
  /// Any shard; null when nobody wants the name, or too many live.
  std::shared_ptr<Namespace> find_or_create(std::string_view name, bool& dynamic);
  std::shared_ptr<Namespace> find_or_create_dynamic(std::string_view name);

  /// Where the options leave them to the engine.
  void bound_attachments(std::size_t max_payload);

  ServerOptions options_;                     // does not change any more when there is a hub
  std::shared_ptr<Broadcaster> broadcaster_;  // namespaces tell it of their end
  std::vector<std::shared_ptr<Namespace>> fixed_;
  std::vector<Dynamic> dynamic_;
  std::mutex live_mutex_;  // guards live_ and kept_; taken only when a shard meets a dynamic name for the first time
  std::map<std::string, std::weak_ptr<Namespace>, std::less<>> live_;
  std::vector<std::shared_ptr<Namespace>> kept_;  // with remove_empty_dynamic_namespaces off
  UnjoinedAddresses unjoined_;
  std::vector<std::shared_ptr<Hub>> hubs_;
  std::atomic<std::uint64_t> dropped_broadcasts_{0};
};

}  // namespace socketio
