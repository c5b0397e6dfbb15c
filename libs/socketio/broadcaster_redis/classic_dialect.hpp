#pragma once
// The protocol of @socket.io/redis-adapter (classic) and @socket.io/redis-emitter; classic_message.hpp has its grammar.

#include "socketio/broadcaster_redis/classic_message.hpp"
#include "socketio/broadcaster_redis/dialect.hpp"

namespace broadcaster_redis {

class ClassicDialect final : public Dialect {
 public:
  ClassicDialect(std::string uid, std::string prefix) : Dialect(std::move(uid)), prefix_(std::move(prefix)) {}

  std::string_view publish_command() const override { return "PUBLISH"; }
  std::string_view count_command() const override { return "NUMSUB"; }
  std::vector<Subscription> subscriptions(std::string_view name_space) const override;
  Subscription common(std::string_view name_space) const override;
  std::optional<std::string> room_channel(std::string_view, std::string_view, socketio::RoomKind) const override {
    return std::nullopt;
  }

  std::optional<Published> broadcast(std::string_view name_space, const socketio::Selection& to,
                                     const socketio::OutgoingEvent& event,
                                     socketio::EmitOptions options) const override;
  std::optional<Published> asking_broadcast(std::string_view request_id, std::string_view name_space,
                                            const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                            std::chrono::milliseconds timeout) const override;
  Published fetch(std::string_view request_id, std::string_view name_space,
                  const socketio::Selection& of) const override;
  Published list_rooms(std::string_view request_id, std::string_view name_space) const override;
  Published move(std::string_view name_space, const socketio::Selection& of, socketio::RoomChange change,
                 std::string_view room) const override;
  Published disconnect(std::string_view name_space, const socketio::Selection& of,
                       socketio::DisconnectScope scope) const override;
  Published server_event(std::string_view request_id, std::string_view name_space, std::string_view event,
                         std::string_view arguments) const override;

  std::optional<Published> done(const Requester& to, PeerSays what) const override;
  Published sockets(const Requester& to, const std::vector<socketio::RemoteSocket>& sockets) const override;
  std::optional<Published> names(const Requester& to, PeerSays what,
                                 const std::vector<std::string>& names) const override;
  Published client_count(const Requester& to, std::size_t count) const override;
  std::optional<Published> client_answer(const Requester& to, std::string_view value,
                                         socketio::Attachments attachments) const override;
  Published server_answer(const Requester& to, std::string_view value) const override;

  PeerMessage read(const Source& source, const JsonDocument& document, const base::JsonValue& whole) const override;

 private:
  [[nodiscard]] Channels channels(std::string_view name_space) const { return {prefix_, name_space}; }
  void read_broadcast(PeerMessage& message, const JsonDocument& document, const base::JsonValue& whole) const;
  void read_request(PeerMessage& message, const JsonDocument& document, const base::JsonValue& whole) const;

  const std::string prefix_;
};

}  // namespace broadcaster_redis
