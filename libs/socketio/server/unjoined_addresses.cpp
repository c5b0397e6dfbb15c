#include "socketio/server/unjoined_addresses.hpp"

#include "base/check.hpp"

namespace socketio {

void UnjoinedAddresses::add(const engineio::PeerAddress& network) {
  const std::lock_guard lock(mutex_);
  ++counts_[network];
}

void UnjoinedAddresses::remove(const engineio::PeerAddress& network) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(network);
  CHECK(found != counts_.end());
  if (--found->second == 0) counts_.erase(found);
}

std::size_t UnjoinedAddresses::count(const engineio::PeerAddress& network) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(network);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace socketio
