#pragma once
// The coarse, durable copy of who is online (`users.isOnline` of the founding schema): read when the presence table
// does not answer, and by applications that know the founding schema only.

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
  /// The last change of a user wins. `node` is remembered with `online`; going offline counts only from the same node.
  /// False: nothing is certain to be recorded.
  virtual bool record(std::string_view node, std::span<const PresenceChange> changes) = 0;
  /// Who was recorded online by this node, and not by another since.
  [[nodiscard]] virtual Read<std::vector<UserId>> recorded_by(std::string_view node) const = 0;
  /// Everybody who was recorded online by this node is offline, last seen now: it has died, or it starts.
  virtual bool forget_node(std::string_view node) = 0;
  /// One answer for each of `users`.
  [[nodiscard]] virtual Read<std::vector<bool>> recorded_online(std::span<const UserId> users) const = 0;
};

}  // namespace chat
