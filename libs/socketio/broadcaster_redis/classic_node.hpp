#pragma once
// ClassicNode: this server's membership of the cluster: its connections to Redis, what it listens to, what it has asked
// and what it is asked. Internal; shard thread only, but for uid(), counters and make_request_id().

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "aio/timer_wheel.hpp"
#include "redis/commands.hpp"
#include "redis/subscriber.hpp"
#include "socketio/broadcaster_redis/classic_message.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"

namespace broadcaster_redis {

/// A question to the other nodes: how it is put, and who waits for the answers (one of the callbacks).
struct Question {
  RequestType type = RequestType::kFetch;
  std::string request_id;
  std::string name_space;
  std::string payload;
  std::chrono::milliseconds timeout{};
  socketio::Broadcaster::SocketsCallback on_sockets;
  socketio::Broadcaster::AnswersCallback on_answers;
  socketio::Broadcaster::RoomsCallback on_rooms;
};

class ClassicNode : public std::enable_shared_from_this<ClassicNode> {
 public:
  ClassicNode(aio::Shard& shard, const BroadcasterOptions& options);
  ~ClassicNode();
  ClassicNode(const ClassicNode&) = delete;
  ClassicNode& operator=(const ClassicNode&) = delete;

  void start();
  void add(const std::string& name, const std::weak_ptr<socketio::Namespace>& space);
  void remove(const std::string& name);
  void publish(std::string_view channel, std::string_view payload);
  void ask(Question question);

  [[nodiscard]] const std::string& uid() const { return uid_; }
  std::string make_request_id();
  [[nodiscard]] const std::string& prefix() const { return options_.prefix; }
  [[nodiscard]] aio::Shard& shard() const { return shard_; }

  BroadcasterCounters counters;

 private:
  struct Open;
  struct Space {
    std::weak_ptr<socketio::Namespace> space;
    Channels channels;
  };
  using SpacePointer = std::shared_ptr<socketio::Namespace>;

  void on_message(const redis::Message& message);
  void on_broadcast(const Channels& channels, const SpacePointer& space, std::string_view payload);
  void on_request(const Channels& channels, const SpacePointer& space, std::string_view payload);
  void on_response(std::string_view payload);
  /// False: nobody of this protocol says such a thing.
  bool answer(const Channels& channels, const SpacePointer& space, const base::JsonValue& request,
              const JsonDocument& document);
  bool change_sockets(const SpacePointer& space, RequestType type, const base::JsonValue& request);
  bool answer_sockets(const Channels& channels, const SpacePointer& space, RequestType type,
                      const base::JsonValue& request);
  bool answer_server_event(const Channels& channels, const SpacePointer& space, const base::JsonValue& request);
  bool answer_broadcast(const Channels& channels, const SpacePointer& space, const base::JsonValue& request,
                        const JsonDocument& document);
  /// False: not an answer to the question.
  static bool take(Open& open, const base::JsonValue& response);
  void count_peers(const std::string& request_id, const std::string& channel);
  void finish(const std::string& request_id);

  aio::Shard& shard_;
  const BroadcasterOptions options_;
  const std::string uid_;
  std::atomic<std::uint64_t> next_request_{0};
  redis::Commands commands_;
  redis::Subscriber subscriber_;
  std::map<std::string, Space, std::less<>> spaces_;
  // Pattern or channel -> name of the namespace.
  std::map<std::string, std::string, std::less<>> broadcasts_, requests_, responses_;
  std::map<std::string, std::unique_ptr<Open>, std::less<>> open_;
};

}  // namespace broadcaster_redis
