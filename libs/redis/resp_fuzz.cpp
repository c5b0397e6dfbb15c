// The first byte says how the rest is cut; both ways of cutting must lead to the same replies.

#include <algorithm>
#include <cstdlib>

#include "redis/resp.hpp"

namespace {

struct Outcome {
  std::size_t replies = 0;
  std::size_t bytes = 0;
  bool failed = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::size_t weigh(const redis::Reply& reply) {
  std::size_t sum = reply.text.size() + 1;
  for (const auto& element : reply.elements) sum += weigh(element);
  return sum;
}

Outcome read(std::string_view bytes, std::size_t portion) {
  redis::Parser parser({.line_bytes = 64, .bulk_bytes = 4096, .elements = 64, .total_bytes = 1 << 20, .depth = 4});
  Outcome outcome;
  while (!bytes.empty() && !outcome.failed) {
    const auto part = bytes.substr(0, portion);
    bytes.remove_prefix(part.size());
    parser.feed(part);
    while (true) {
      const auto reply = parser.next();
      outcome.failed = !reply.ok();
      if (!reply.ok() || !*reply) break;
      ++outcome.replies;
      outcome.bytes += weigh(**reply);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!(read(bytes, bytes.size()) == read(bytes, std::size_t{data[0]} + 1))) std::abort();
  return 0;
}
