#pragma once
// The protocol of createShardedAdapter of @socket.io/redis-adapter; sharded_message.hpp has its grammar.

#include "socketio/broadcaster_redis/dialect.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"

namespace broadcaster_redis {

class ShardedDialect final : public Dialect {
 public:
  ShardedDialect(std::string uid, std::string prefix, SubscriptionMode mode)
      : Dialect(std::move(uid)), prefix_(std::move(prefix)), mode_(mode) {}

  std::string_view publish_command() const override { return "SPUBLISH"; }
  std::string_view count_command() const override { return "SHARDNUMSUB"; }
  std::vector<Subscription> subscriptions(std::string_view name_space) const override;
  Subscription common(std::string_view name_space) const override;
  std::optional<std::string> room_channel(std::string_view name_space, std::string_view room,
                                          socketio::RoomKind kind) const override;

  std::optional<Published> broadcast(std::string_view name_space, const socketio::Selection& to,
                                     const socketio::OutgoingEvent& event,
                                     socketio::EmitOptions options) const override;
  std::optional<Published> asking_broadcast(std::string_view request_id, std::string_view name_space,
                                            const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                            std::chrono::milliseconds timeout) const override;
  Published fetch(std::string_view request_id, std::string_view name_space,
                  const socketio::Selection& of) const override;
  /// The protocol has no such question: all sockets are fetched, whose rooms these are.
  Published list_rooms(std::string_view request_id, std::string_view name_space) const override;
  Published move(std::string_view name_space, const socketio::Selection& of, socketio::RoomChange change,
                 std::string_view room) const override;
  Published disconnect(std::string_view name_space, const socketio::Selection& of,
                       socketio::DisconnectScope scope) const override;
  Published server_event(std::string_view request_id, std::string_view name_space, std::string_view event,
                         std::string_view arguments) const override;

  std::optional<Published> done(const Requester&, PeerSays) const override { return std::nullopt; }
  Published sockets(const Requester& to, const std::vector<socketio::RemoteSocket>& sockets) const override;
  std::optional<Published> names(const Requester&, PeerSays, const std::vector<std::string>&) const override {
    return std::nullopt;  // nobody asks
  }
  Published client_count(const Requester& to, std::size_t count) const override;
  std::optional<Published> client_answer(const Requester& to, std::string_view value,
                                         socketio::Attachments attachments) const override;
  Published server_answer(const Requester& to, std::string_view value) const override;

  PeerMessage read(const Source& source, const JsonDocument& document, const base::JsonValue& whole) const override;

 private:
  [[nodiscard]] std::string channel(std::string_view name_space) const;
  [[nodiscard]] std::string channel(std::string_view name_space, std::string_view part) const;
  [[nodiscard]] bool has_channel(std::string_view room) const;

  const std::string prefix_;
  const SubscriptionMode mode_;
};

}  // namespace broadcaster_redis
