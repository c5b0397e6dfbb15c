#include "redis/slot_map.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/read_number.hpp"

namespace redis {

namespace {

/// What a node says of a host whose name it has not been told.
constexpr std::string_view kUnknownHost = "?";

bool is_slot(const Reply& reply) {
  return reply.kind == ReplyKind::kInteger && reply.integer >= 0 && std::cmp_less(reply.integer, kSlots);
}

/// The first node of a range is its master: {host or nothing, port, …}.
bool read_node(const Reply& node, std::string_view asked_host, Address& address) {
  if (!node.is_array() || node.elements.size() < 2) return false;
  const Reply &host = node.elements[0], &port = node.elements[1];
  const bool is_text = host.kind == ReplyKind::kBulk || host.kind == ReplyKind::kNull;
  if (!is_text || port.kind != ReplyKind::kInteger || port.integer <= 0 || port.integer > 65'535) return false;
  address.host = host.text.empty() ? asked_host : std::string_view(host.text);
  address.port = static_cast<std::uint16_t>(port.integer);
  return true;
}

}  // namespace

std::optional<SlotMap> SlotMap::read(const Reply& reply, std::string_view asked_host) {
  SlotMap map;
  if (!reply.is_array()) return std::nullopt;
  for (const Reply& range : reply.elements) {
    if (!map.read_range(range, asked_host)) return std::nullopt;
  }
  return map.assigned_ == 0 ? std::nullopt : std::optional(std::move(map));
}

bool SlotMap::read_range(const Reply& range, std::string_view asked_host) {
  if (!range.is_array() || range.elements.size() < 3) return false;
  const Reply &first = range.elements[0], &last = range.elements[1];
  if (!is_slot(first) || !is_slot(last) || first.integer > last.integer) return false;
  Address master;
  if (!read_node(range.elements[2], asked_host, master)) return false;
  if (master.host == kUnknownHost) return true;  // its slots are nobody's until it has a name
  const auto index = index_of(master);
  if (!index) return false;
  const auto end = static_cast<std::size_t>(last.integer) + 1;
  for (auto slot = static_cast<std::size_t>(first.integer); slot < end; ++slot) assign_index(slot, *index);
  return true;
}

std::optional<std::uint16_t> SlotMap::index_of(const Address& master) {
  const auto at = std::find(masters_.begin(), masters_.end(), master);
  const auto index = static_cast<std::uint16_t>(at - masters_.begin());
  if (at != masters_.end()) return index;
  if (masters_.size() >= kMaxMasters) return std::nullopt;
  masters_.push_back(master);
  return index;
}

void SlotMap::assign_index(std::size_t slot, std::uint16_t index) {
  if (owners_[slot] == kNobody) ++assigned_;
  owners_[slot] = index;
}

const Address* SlotMap::owner(std::uint16_t slot) const {
  const std::uint16_t index = slot < kSlots ? owners_[slot] : kNobody;
  return index == kNobody ? nullptr : &masters_[index];
}

bool SlotMap::assign(std::uint16_t slot, const Address& master) {
  if (slot >= kSlots) return false;
  const auto index = index_of(master);
  if (index) assign_index(slot, *index);
  return index.has_value();
}

std::optional<Redirection> read_redirection(std::string_view error, std::string_view asked_host) {
  Redirection redirection;
  redirection.ask = error.starts_with("ASK ");
  if (!redirection.ask && !error.starts_with("MOVED ")) return std::nullopt;
  error.remove_prefix(error.find(' ') + 1);
  const std::size_t space = error.find(' ');
  if (space == std::string_view::npos || !base::read_number(error.substr(0, space), redirection.slot))
    return std::nullopt;
  error.remove_prefix(space + 1);
  const std::size_t colon = error.rfind(':');  // an IPv6 address has others before
  if (colon == std::string_view::npos || redirection.slot >= kSlots) return std::nullopt;
  Address& to = redirection.to;
  to.host = colon == 0 ? asked_host : error.substr(0, colon);
  if (!base::read_number(error.substr(colon + 1), to.port) || to.port == 0 || to.host == kUnknownHost)
    return std::nullopt;
  return redirection;
}

}  // namespace redis
