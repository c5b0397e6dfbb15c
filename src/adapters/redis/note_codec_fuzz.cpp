// What is accepted comes back through the encoder as the same bytes.

#include <cstdlib>

#include "adapters/redis/note_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace adapters::redis;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  const auto decoded = decode_notes(payload);
  if (decoded && encode_notes(decoded->node, decoded->notes) != payload) std::abort();
  return 0;
}
