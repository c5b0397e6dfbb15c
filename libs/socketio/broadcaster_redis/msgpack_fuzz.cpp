// What is accepted is JSON, and comes back through the writer as the same JSON.

#include <cstdlib>

#include "socketio/broadcaster_redis/msgpack.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace broadcaster_redis;
  const auto document = msgpack_to_json({reinterpret_cast<const char*>(data), size}, 10);
  if (!document.ok()) return 0;
  const auto value = base::parse_json(document->text, {.depth = kMaxDepth + 1, .members = 0});
  if (!value.ok()) std::abort();
  const std::vector<std::string_view> views(document->attachments.begin(), document->attachments.end());
  std::string packed;
  if (!append_msgpack(packed, *value, views)) return 0;  // a map of the input's that looks like a placeholder
  const auto again = msgpack_to_json(packed, size + 10);
  if (!again.ok()) std::abort();
  if (views.empty() && again->text != document->text) std::abort();
  return 0;
}
