// What a server says of its cluster: a map that was read is in order, and a redirection leads to somewhere.

#include <cstdlib>

#include "redis/slot_map.hpp"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_map(const redis::SlotMap& map) {
  std::size_t assigned = 0;
  for (std::size_t slot = 0; slot < redis::kSlots; ++slot) {
    const redis::Address* owner = map.owner(static_cast<std::uint16_t>(slot));
    if (owner == nullptr) continue;
    ++assigned;
    check(owner->port != 0 && owner->host != "?");
  }
  check(assigned > 0 && map.complete() == (assigned == redis::kSlots));
  check(!map.masters().empty() && map.masters().size() <= redis::kMaxMasters);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto redirection = redis::read_redirection(bytes, "asked")) {
    check(redirection->slot < redis::kSlots && redirection->to.port != 0 && !redirection->to.host.empty());
  }
  redis::Parser parser({.line_bytes = 64, .bulk_bytes = 4096, .elements = 64, .total_bytes = 1 << 20, .depth = 8});
  parser.feed(bytes);
  for (auto reply = parser.next(); reply.ok() && *reply; reply = parser.next()) {
    if (const auto map = redis::SlotMap::read(**reply, "asked")) check_map(*map);
    static_cast<void>(redis::key_slot((*reply)->text));
  }
  return 0;
}
