#pragma once
// OwedLastSeen: what the commit lane has told of those who left and not written yet. Rows are written together, seconds
// later; until then lists would show the departure before, and contradict what friends have just heard. The lane writes
// at departures only, never while messages are taken; any thread reads. Only this node's departures: of others' the
// rows alone tell.
//
// Whoever reads a row looks in here first: an entry goes once its row is written, so the later of the two is right.

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "chat/model/account.hpp"

namespace chat {

class OwedLastSeen {
 public:
  struct OfDevice {
    DeviceId device;
    WallTime at{};
  };
  /// Beyond, lists are some seconds behind: only while the store takes no rows can more have left.
  static constexpr std::size_t kUsers = 65'536;
  static constexpr std::size_t kDevicesOfUser = 64;  // likewise; oftener than by default a user may not have devices

  // The lane's.
  void left(const UserId& user, WallTime at);
  void left(const UserId& user, const DeviceId& device, WallTime at);
  void written(const UserId& user);

  /// The beginning of time: nothing is owed.
  [[nodiscard]] WallTime of_user(const UserId& user) const;
  [[nodiscard]] std::vector<OfDevice> of_devices(const UserId& user) const;
  [[nodiscard]] std::size_t users() const;

 private:
  struct Entry {
    WallTime at{};
    std::vector<OfDevice> devices;
  };
  Entry* entry(const UserId& user);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<UserId, Entry, std::hash<UserId>> entries_;  // guarded
};

}  // namespace chat
