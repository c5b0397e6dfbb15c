// Reads any body, writes what was read, and reads that again: the two readings must agree.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "socketio/engineio_codec/payload.hpp"

using engineio_codec::PayloadReader;
using engineio_codec::PayloadWriter;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  std::string scratch;
  std::string written;
  PayloadWriter writer(written);
  PayloadReader reader(body, scratch);
  bool failed = false;
  while (auto packet = reader.next()) {
    CHECK(!failed);
    if (!packet->ok()) {
      failed = true;
      continue;
    }
    if ((*packet)->binary) {
      CHECK((*packet)->payload.size() <= size / 4 * 3 + 2);
      writer.add_binary((*packet)->payload);
    } else {
      CHECK(base::is_valid_utf8((*packet)->payload));
      writer.add_text((*packet)->type, (*packet)->payload);
    }
  }
  CHECK(writer.count() <= size);
  CHECK(failed || writer.count() > 0);
  if (writer.count() == 0) return 0;

  std::string rewritten;
  PayloadWriter rewriter(rewritten);
  PayloadReader again(written, scratch);
  while (auto packet = again.next()) {
    CHECK(packet->ok());
    if ((*packet)->binary) {
      rewriter.add_binary((*packet)->payload);
    } else {
      rewriter.add_text((*packet)->type, (*packet)->payload);
    }
  }
  CHECK(rewritten == written);
  return 0;
}
