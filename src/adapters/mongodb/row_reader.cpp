#include "adapters/mongodb/row_reader.hpp"

#include <bit>

#include "base/log.hpp"

namespace adapters::mongodb {

// Both may repeat without end while something is broken: the log gets the first and then ever rarer ones, the counters
// get all.

void RowReader::note_damage(std::string_view collection) const {
  const std::uint64_t count = damaged_rows_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (std::has_single_bit(count)) {
    base::log::error("store.damaged_row", {{"collection", collection}, {"count", count}});
  }
}

void RowReader::note_failure(std::string_view why) const {
  const std::uint64_t count = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (std::has_single_bit(count)) base::log::warning("store.mongodb_failure", {{"why", why}, {"count", count}});
}

}  // namespace adapters::mongodb
