#pragma once
// PendingLedger: how many messages of others wait in each mailbox for the first device to confirm them, for
// restante_pending_messages and restante_pending_users. Only users with pending messages cost memory (about 24 bytes).
//
// A user is counted when it is first loaded after a start (lane_survey.hpp sees to it that this happens to everyone for
// whom something waits) and from then on exactly, except that two devices confirming overlapping runs may count a
// message twice; reaching head sets it right.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "chat/model/ids.hpp"
#include "chat/services/lane_metrics.hpp"

namespace chat {

class PendingLedger {
 public:
  explicit PendingLedger(LaneMetrics& metrics) : metrics_(metrics) {}

  [[nodiscard]] bool known(const UserId& user) const { return known_.contains(user); }
  void set(const UserId& user, std::uint64_t pending);
  void add(const UserId& user, std::uint64_t messages) { set(user, of(user) + messages); }
  void subtract(const UserId& user, std::uint64_t messages);
  void forget(const UserId& user);
  [[nodiscard]] std::uint64_t of(const UserId& user) const;

 private:
  [[nodiscard]] base::Gauge* bucket(std::uint64_t pending) const;

  LaneMetrics& metrics_;
  boost::unordered_flat_map<UserId, std::uint64_t, std::hash<UserId>> pending_;
  boost::unordered_flat_set<UserId, std::hash<UserId>> known_;
};

}  // namespace chat
