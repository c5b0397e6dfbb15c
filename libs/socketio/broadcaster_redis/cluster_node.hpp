#pragma once
// ClusterNode: this server's membership of the cluster: its connections to Redis, what it listens to, what it has asked
// and what it is asked. How it is said is the dialect's. Internal; shard thread only, but for what is marked.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aio/timer_wheel.hpp"
#include "redis/commands.hpp"
#include "redis/subscriber.hpp"
#include "socketio/broadcaster_redis/dialect.hpp"
#include "socketio/broadcaster_redis/inbox.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"
#include "socketio/broadcaster_redis/room_channels.hpp"

namespace broadcaster_redis {

enum class QuestionKind : std::uint8_t { kSockets, kRooms, kServerEvent, kBroadcast };

/// A question to the other nodes: how it is put, and who waits for the answers (one of the callbacks).
struct Question {
  QuestionKind kind = QuestionKind::kSockets;
  std::string request_id;
  std::string name_space;
  Published published;
  std::chrono::milliseconds timeout{};
  socketio::Broadcaster::SocketsCallback on_sockets;
  socketio::Broadcaster::AnswersCallback on_answers;
  socketio::Broadcaster::RoomsCallback on_rooms;
};

class ClusterNode : public std::enable_shared_from_this<ClusterNode> {
 public:
  ClusterNode(aio::Shard& shard, const BroadcasterOptions& options);
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  void start();
  void add(const std::string& name, const std::weak_ptr<socketio::Namespace>& space);
  void remove(const std::string& name);
  void publish(const Published& published);
  void ask(Question question);
  /// Listens as RoomChannels says.
  void follow_rooms();

  // Any thread.
  [[nodiscard]] const Dialect& dialect() const { return *dialect_; }
  std::string make_request_id();
  RoomChannels room_channels;
  BroadcasterCounters counters;

 private:
  struct Open;
  class Ticket;
  using SpacePointer = std::shared_ptr<socketio::Namespace>;

  void on_message(const redis::Message& message);
  void read(const redis::Message& message);
  /// Given to whatever a peer wants of the shards; when they have served it, the next message may be read.
  std::shared_ptr<const void> take_ticket();
  void served();
  [[nodiscard]] bool is_busy() const { return under_way_ >= options_.max_under_way; }
  void handle(PeerMessage& message, const JsonDocument& document);
  void obey(const SpacePointer& space, PeerMessage& message, const JsonDocument& document);
  void emit(const SpacePointer& space, PeerMessage& message, const JsonDocument& document);
  void answer_broadcast(const SpacePointer& space, PeerMessage& message, const JsonDocument& document);
  void change_sockets(const SpacePointer& space, PeerMessage& message);
  void answer_sockets(const SpacePointer& space, PeerMessage& message);
  void answer_server_event(const SpacePointer& space, PeerMessage& message, const JsonDocument& document);
  void hear(PeerMessage& message);
  void ignore() { counters.ignored.fetch_add(1, std::memory_order_relaxed); }
  void count_peers(const std::string& request_id, const Subscription& common);
  void finish(const std::string& request_id);

  aio::Shard& shard_;
  const BroadcasterOptions options_;
  const std::shared_ptr<const Dialect> dialect_;
  std::atomic<std::uint64_t> next_request_{0};
  Inbox inbox_;
  std::size_t under_way_ = 0;
  std::map<std::string, std::weak_ptr<socketio::Namespace>, std::less<>> spaces_;
  // What each subscription is for; without those of rooms.
  std::map<std::pair<redis::SubscriptionKind, std::string>, Source> sources_;
  std::map<std::string, std::unique_ptr<Open>, std::less<>> open_;
  // Last, so first to end: what still waits for a reply hears of it then, and looks into the above.
  redis::Commands commands_;
  redis::Subscriber subscriber_;
};

}  // namespace broadcaster_redis
