#pragma once
// Hub: one shard's part of a Server. Owns the table that SocketRefs point into, the shard's view of every namespace,
// and the sockets that have left but may still be on the stack. Internal; shard thread only, but for post() and
// is_here().
//
//   Server 1─n Hub 1─n LocalNamespace n──(who is where)──n Socket
//   engine Session 1─1 Connection (a Listener) 1─n Socket (one per namespace)

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aio/timer_wheel.hpp"
#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/random.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/options.hpp"
#include "socketio/server/socket.hpp"

namespace socketio {

class LocalNamespace;
class Server;
class UnjoinedAddresses;

/// What a hub needs of its shard; everything outlives the hub.
struct Place {
  base::Executor& executor;
  aio::TimerWheel& timers;
  const base::Clock& clock;
  std::function<bool()> is_here;  // any thread
};

class Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(Server& server, const Place& place);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// The listener of a new session; it ends with the session.
  std::unique_ptr<engineio::Listener> accept(engineio::Session& session, const engineio::Handshake& handshake);

  /// Runs `work` on this shard: at once when called there, else posted.
  void run(base::Function<void(Hub&)> work);
  [[nodiscard]] bool is_here() const { return place_.is_here(); }

  [[nodiscard]] const ServerOptions& options() const { return options_; }
  [[nodiscard]] aio::TimerWheel& timers() { return place_.timers; }
  void count_dropped_broadcast();
  /// Of all shards.
  [[nodiscard]] UnjoinedAddresses& unjoined();
  [[nodiscard]] base::SteadyTime now() const { return place_.clock.steady_now(); }

  /// 20 unguessable characters.
  std::array<char, kSocketIdSize> make_id();
  /// Where a new socket's ids of events begin: ServerOptions::first_ack_id.
  [[nodiscard]] std::uint32_t first_ack_id();

  // The table of SocketRefs.
  SocketRef register_socket();
  void point(SocketRef ref, Socket* socket);
  void unregister(SocketRef ref);
  [[nodiscard]] Socket* find(std::uint32_t slot, std::uint32_t generation) const;

  /// Null: nobody has this name.
  LocalNamespace* find_or_create(std::string_view name);
  [[nodiscard]] LocalNamespace* find(std::string_view name) const;
  /// Forgets an empty dynamic namespace.
  void release_if_empty(LocalNamespace& space);
  /// Kept until the end of the turn, because its caller may still be inside it.
  void bury(std::unique_ptr<Socket> socket);
  void bury(std::unique_ptr<std::string> auth);
  void bury(std::unique_ptr<HandshakeRecord> handshake);

  /// A buffer for encoding one packet; its content is the caller's until the next call.
  std::string& scratch() {
    scratch_.clear();
    return scratch_;
  }

 private:
  struct Slot {
    Socket* socket = nullptr;
    std::uint32_t generation = 0;
    std::uint32_t next_free = kNoSlot;
  };
  static constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;
  void schedule_burial();

  Server& server_;
  const ServerOptions options_;
  Place place_;
  base::SecureRandom random_;
  std::vector<Slot> slots_;
  std::uint32_t first_free_ = kNoSlot;
  std::map<std::string, std::unique_ptr<LocalNamespace>, std::less<>> spaces_;
  std::vector<std::unique_ptr<Socket>> left_;
  std::vector<std::unique_ptr<LocalNamespace>> emptied_;
  std::vector<std::unique_ptr<std::string>> read_auths_;
  std::vector<std::unique_ptr<HandshakeRecord>> read_handshakes_;
  bool burial_scheduled_ = false;
  std::string scratch_;
};

}  // namespace socketio
