#pragma once
// How many connections one address may open and hold. Shared by all shards (a mutex, taken once per accepted and once
// per closed connection of a limited address, never per request).

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "socketio/engineio/options.hpp"
#include "socketio/engineio/peer_address.hpp"

namespace engineio {

class AddressLimiter {
 public:
  explicit AddressLimiter(AddressLimits limits) : limits_(limits) {}

  [[nodiscard]] bool enabled() const noexcept { return limits_.connects_per_second > 0 || limits_.connections > 0; }
  /// False: refuse this connection. True: count it until release().
  [[nodiscard]] bool admit(const PeerAddress& address, base::SteadyTime now);
  void release(const PeerAddress& address);
  [[nodiscard]] std::size_t tracked() const;
  /// How many entries have been looked at to find some that can be forgotten. For tests.
  [[nodiscard]] std::uint64_t looked_at() const;

 private:
  struct Entry {
    double tokens = 0;
    base::SteadyTime refilled{};
    std::size_t connections = 0;
  };
  /// Addresses remembered at once, unless more have a connection: then twice as many as those. Beyond it those without
  /// a connection are forgotten: under an attack from more addresses than that the rate per address is no longer the
  /// defence.
  static constexpr std::size_t kMostEntries = 65'536;
  double refill(Entry& entry, base::SteadyTime now) const;
  void forget_idle(base::SteadyTime now);
  template <class Unused>
  void forget(Unused unused);

  const AddressLimits limits_;
  mutable std::mutex mutex_;
  std::map<PeerAddress, Entry> entries_;  // a tree: the keys are chosen by strangers
  std::size_t sweep_at_ = kMostEntries;
  std::uint64_t looked_at_ = 0;
};

}  // namespace engineio
