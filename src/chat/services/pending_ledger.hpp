#pragma once
// PendingLedger: how many messages of others wait in each mailbox for the first device to confirm them, for
// restante_pending_messages and restante_pending_users. Users with pending messages cost memory (about 40 bytes): their
// number, and their place among those who have about as many, so that the most loaded are found without a walk over
// everybody. Who has been counted is remembered besides (about 15 bytes): accounts only, and strangers can make none.
//
// A user is counted when it is first loaded after a start (lane_survey.hpp sees to it that this happens to everyone for
// whom something waits) and from then on exactly, except that a message which fails while a second device passes it may
// count twice; reaching head sets it right.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <vector>

#include "chat/model/ids.hpp"
#include "chat/services/lane_metrics.hpp"

namespace chat {

class PendingLedger {
 public:
  explicit PendingLedger(LaneMetrics& metrics) : metrics_(metrics) {}

  [[nodiscard]] bool known(const UserId& user) const { return known_.contains(user); }
  void set(const UserId& user, std::uint64_t pending);
  void add(const UserId& user, std::uint64_t messages) { set(user, of(user) + messages); }
  void subtract(const UserId& user, std::uint64_t messages);  // of one that has none: nothing
  void forget(const UserId& user);
  [[nodiscard]] std::uint64_t of(const UserId& user) const;
  /// The users with the most pending messages, most first, at most `limit`. Looks at kLookedAt users at most, those of
  /// the higher buckets first: beyond that, which of a bucket's users are named is chance.
  [[nodiscard]] std::vector<std::pair<UserId, std::uint64_t>> top(std::size_t limit) const;
  static constexpr std::size_t kLookedAt = 16'384;  // well below a millisecond of the lane's time

 private:
  using Users = boost::unordered_flat_set<UserId, std::hash<UserId>>;
  static constexpr std::size_t kBuckets = 4;
  static constexpr std::size_t kNoBucket = kBuckets;
  [[nodiscard]] static std::size_t bucket(std::uint64_t pending);

  LaneMetrics& metrics_;
  std::array<Users, kBuckets> buckets_;  // as LaneMetrics::pending_users
  boost::unordered_flat_map<UserId, std::uint64_t, std::hash<UserId>> pending_;
  Users known_;
};

}  // namespace chat
