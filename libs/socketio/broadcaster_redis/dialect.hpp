#pragma once
// Dialect: one of the protocols in which the servers of a cluster talk over Redis: which channels there are, how
// something is said, and what a message means. Immutable and without I/O; any thread. Internal.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/subscriber.hpp"
#include "socketio/broadcaster_redis/peer_values.hpp"
#include "socketio/server/broadcaster.hpp"

namespace broadcaster_redis {

struct BroadcasterOptions;

struct Published {
  std::string channel;
  std::string payload;
};

/// What a subscription is for. kAnything: the message says it itself.
enum class ChannelRole : std::uint8_t { kAnything, kBroadcasts, kRequests, kResponses };

struct Subscription {
  redis::SubscriptionKind kind;
  std::string name;  // the pattern of kPattern
  ChannelRole role;
};

/// A subscription that a message came by, and the namespace it was made for.
struct Source {
  ChannelRole role = ChannelRole::kAnything;
  std::string name_space;
};

/// Who asked, and where the answers go.
struct Requester {
  std::string name_space;
  std::string channel;
  std::string request_id;
};

enum class PeerSays : std::uint8_t {
  kRubbish,  // nobody of this protocol says such a thing
  kNothing,  // our own, or nothing that concerns us
  // what is to be done, and with a request id is answered
  kBroadcast,
  kAskingBroadcast,
  kJoin,
  kLeave,
  kDisconnect,
  kServerEvent,
  kFetch,
  kListSockets,
  kListRooms,
  // answers to our questions
  kSockets,
  kRooms,
  kServerAnswer,
  kClientCount,
  kClientAnswer,
  kOtherAnswer,
};

/// A message understood; views into the document it was read from. What `says` does not need is empty.
struct PeerMessage {
  PeerSays says = PeerSays::kRubbish;
  Requester from;
  socketio::Selection selection;
  std::optional<PeerEvent> event;
  std::vector<std::string> rooms;
  std::vector<socketio::RemoteSocket> sockets;
  base::JsonValue value;
  std::size_t count = 0;
  std::chrono::milliseconds timeout{};
  bool discardable = false;
  bool close = false;
};

class Dialect {
 public:
  explicit Dialect(std::string uid) : uid_(std::move(uid)) {}
  virtual ~Dialect() = default;
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  /// Ours; part of every message, so that we know our own.
  [[nodiscard]] const std::string& uid() const { return uid_; }

  [[nodiscard]] virtual std::string_view publish_command() const = 0;
  /// Of PUBSUB.
  [[nodiscard]] virtual std::string_view count_command() const = 0;
  [[nodiscard]] virtual std::vector<Subscription> subscriptions(std::string_view name_space) const = 0;
  /// To which each server listens once.
  [[nodiscard]] virtual Subscription common(std::string_view name_space) const = 0;
  /// To be listened to while this node has the room; nullopt: the room has no channel of its own.
  [[nodiscard]] virtual std::optional<std::string> room_channel(std::string_view name_space, std::string_view room,
                                                                socketio::RoomKind kind) const = 0;

  // What this node says. nullopt: cannot be said (a placeholder without its attachment, nested too deeply).
  [[nodiscard]] virtual std::optional<Published> broadcast(std::string_view name_space, const socketio::Selection& to,
                                                           const socketio::OutgoingEvent& event,
                                                           socketio::EmitOptions options) const = 0;
  [[nodiscard]] virtual std::optional<Published> asking_broadcast(std::string_view request_id,
                                                                  std::string_view name_space,
                                                                  const socketio::Selection& to,
                                                                  const socketio::OutgoingEvent& event,
                                                                  std::chrono::milliseconds timeout) const = 0;
  [[nodiscard]] virtual Published fetch(std::string_view request_id, std::string_view name_space,
                                        const socketio::Selection& of) const = 0;
  [[nodiscard]] virtual Published list_rooms(std::string_view request_id, std::string_view name_space) const = 0;
  [[nodiscard]] virtual Published move(std::string_view name_space, const socketio::Selection& of,
                                       socketio::RoomChange change, std::string_view room) const = 0;
  [[nodiscard]] virtual Published disconnect(std::string_view name_space, const socketio::Selection& of,
                                             socketio::DisconnectScope scope) const = 0;
  /// An empty id: no answer is wanted.
  [[nodiscard]] virtual Published server_event(std::string_view request_id, std::string_view name_space,
                                               std::string_view event, std::string_view arguments) const = 0;

  // What it answers; nullopt: nothing.
  [[nodiscard]] virtual std::optional<Published> done(const Requester& to, PeerSays what) const = 0;
  [[nodiscard]] virtual Published sockets(const Requester& to,
                                          const std::vector<socketio::RemoteSocket>& sockets) const = 0;
  /// To kListSockets or kListRooms.
  [[nodiscard]] virtual std::optional<Published> names(const Requester& to, PeerSays what,
                                                       const std::vector<std::string>& names) const = 0;
  [[nodiscard]] virtual Published client_count(const Requester& to, std::size_t count) const = 0;
  [[nodiscard]] virtual std::optional<Published> client_answer(const Requester& to, std::string_view value,
                                                               socketio::Attachments attachments) const = 0;
  [[nodiscard]] virtual Published server_answer(const Requester& to, std::string_view value) const = 0;

  /// `whole` is what read_value() made of `document`.
  [[nodiscard]] virtual PeerMessage read(const Source& source, const JsonDocument& document,
                                         const base::JsonValue& whole) const = 0;

 private:
  const std::string uid_;
};

/// As the options choose.
std::shared_ptr<const Dialect> make_dialect(const BroadcasterOptions& options, std::string uid);

}  // namespace broadcaster_redis
