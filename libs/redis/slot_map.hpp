#pragma once
// What the nodes of a Redis Cluster say of where keys are: the answer to CLUSTER SLOTS, and the errors MOVED and ASK
// (Redis Cluster specification, "Redirection and resharding"). No I/O. A server is trusted to be Redis, but not to be
// well: what is not in order is no map and no redirection.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "redis/key_slot.hpp"
#include "redis/resp.hpp"
#include "redis/url.hpp"

namespace redis {

/// More than the thousand nodes a cluster is made for: whoever names more does not know what he says.
inline constexpr std::size_t kMaxMasters = 1'024;

class SlotMap {
 public:
  /// nullopt: not an answer to CLUSTER SLOTS, or to one from a node that knows of no slot. `asked_host` stands where
  /// the node names no host, because it does not know its own.
  static std::optional<SlotMap> read(const Reply& reply, std::string_view asked_host);

  /// Null: nobody answers for it. Until the next assign().
  [[nodiscard]] const Address* owner(std::uint16_t slot) const;
  /// False: no room for one more master.
  bool assign(std::uint16_t slot, const Address& master);
  /// Whoever has, or once had, a slot in this map.
  [[nodiscard]] const std::vector<Address>& masters() const { return masters_; }
  /// Somebody answers for every slot.
  [[nodiscard]] bool complete() const { return assigned_ == kSlots; }

 private:
  std::optional<std::uint16_t> index_of(const Address& master);
  void assign_index(std::size_t slot, std::uint16_t index);
  bool read_range(const Reply& range, std::string_view asked_host);

  std::vector<Address> masters_;
  std::vector<std::uint16_t> owners_ = std::vector<std::uint16_t>(kSlots, kNobody);  // indices into masters_
  std::size_t assigned_ = 0;
  static constexpr std::uint16_t kNobody = 0xffff;
};

struct Redirection {
  bool ask = false;  // this once, and after ASKING; else from now on
  std::uint16_t slot = 0;
  Address to;
};

/// nullopt: another error than "MOVED slot host:port" and "ASK slot host:port", or to a host that nobody knows.
std::optional<Redirection> read_redirection(std::string_view error, std::string_view asked_host);

}  // namespace redis
