#pragma once
// UnjoinedAddresses: how many connections of each address are in no namespace, of all shards together (S-5). One mutex,
// taken at a handshake, a join, the leaving of the last namespace and an end of a connection; never per packet. Holds
// an entry only for addresses that have such a connection.

#include <cstddef>
#include <map>
#include <mutex>

#include "socketio/engineio/peer_address.hpp"

namespace socketio {

class UnjoinedAddresses {
 public:
  /// `network`: PeerAddress::network(). Each add() is followed by one remove().
  void add(const engineio::PeerAddress& network);
  void remove(const engineio::PeerAddress& network);
  [[nodiscard]] std::size_t count(const engineio::PeerAddress& network) const;

 private:
  mutable std::mutex mutex_;
  std::map<engineio::PeerAddress, std::size_t> counts_;  // a tree: the keys are chosen by strangers
};

}  // namespace socketio
