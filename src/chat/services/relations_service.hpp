#pragma once
// RelationService: the implementation of Relations. Verbs are decided in the commit lane by rules/friendship.hpp and
// told through both mailboxes before they are answered; lists are store reads on the bounded pool. Any thread.

#include <functional>
#include <vector>

#include "chat/ports/presence.hpp"
#include "chat/rules/friendship.hpp"
#include "chat/rules/limits.hpp"
#include "chat/services/accounts_decision.hpp"
#include "chat/services/accounts_gate.hpp"
#include "chat/services/lane_metrics.hpp"
#include "chat/services/owed_last_seen.hpp"
#include "chat/services/relations.hpp"

namespace chat {

struct RelationParts {
  CommandQueue& lane;
  const Store& store;
  const Presence& presence;
  const base::Clock& clock;
  Offload reads;
  /// What all nodes count together; null: this node counts alone.
  SharedThrottle* shared_limits = nullptr;
  /// Where there are other nodes: these were shown as online. Any thread.
  std::function<void(std::vector<UserId>)> shown_online = {};
  const OwedLastSeen* owed = nullptr;
  LaneMetrics* metrics = nullptr;  // its look-ups of who is online
};

class RelationService final : public Relations {
 public:
  RelationService(RelationParts parts, const Limits& limits);

  void friends(const Caller& caller, base::Executor& on, Reply<std::vector<FriendView>> reply) override;
  void requests(const Caller& caller, base::Executor& on, Reply<Requests> reply) override;
  void request(const Caller& caller, std::variant<UserId, std::string> to, base::Executor& on,
               Reply<std::monostate> reply) override;
  void accept(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) override;
  void decline(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) override;
  void remove(const Caller& caller, UserId friend_id, base::Executor& on, Reply<std::monostate> reply) override;
  void block(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) override;
  void unblock(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) override;
  void blocked(const Caller& caller, base::Executor& on, Reply<std::vector<User>> reply) override;

  /// How often friend_requests_per_day has said no, ever; any thread.
  [[nodiscard]] std::uint64_t refused_requests() const { return requests_per_day_.refused(); }

 private:
  void submit(const Caller& caller, const UserId& peer, RelationVerb verb, base::Executor& on,
              Reply<std::monostate> reply);
  Outcome<std::vector<FriendView>> read_friends(const UserId& user) const;
  Outcome<Requests> read_requests(const UserId& user) const;
  Outcome<std::vector<User>> read_blocked(const UserId& user) const;

  RelationParts parts_;
  WindowGate requests_per_day_;
};

}  // namespace chat
