#pragma once
// The coarse, durable copy of who is online (`users.isOnline` of the founding schema): read when the presence table
// does not answer, and by applications that know the founding schema only. Each node speaks for its own connections; a
// user is online while one node says so.

#include <span>
#include <string_view>
#include <vector>

#include "chat/model/ids.hpp"
#include "chat/ports/mail_store.hpp"

namespace chat {

struct PresenceChange {
  UserId user;
  bool online = false;
};

/// Thread-safe. Calls may wait for the store, bounded by its time-outs.
class PresenceRecord {
 public:
  virtual ~PresenceRecord() = default;
  /// What `node` says of its own connections as of `said`, each user once; what other nodes said stays. `said` rises
  /// with each call of a node: an older word that arrives late changes nothing. False: nothing is certain to be
  /// recorded.
  virtual bool record(std::string_view node, WallTime said, std::span<const PresenceChange> changes) = 0;
  /// Whom this node has recorded online.
  [[nodiscard]] virtual Read<std::vector<UserId>> recorded_by(std::string_view node) const = 0;
  /// The word of this node is taken back: it has died, or it starts. Whom no other node has online is offline, last
  /// seen now.
  virtual bool forget_node(std::string_view node) = 0;
  /// Whoever is online by the word of nobody, or of nodes that no longer exist, is offline. `node`, which starts,
  /// exists.
  virtual bool forget_strays(std::string_view node) = 0;
  /// One answer for each of `users`.
  [[nodiscard]] virtual Read<std::vector<bool>> recorded_online(std::span<const UserId> users) const = 0;
};

}  // namespace chat
