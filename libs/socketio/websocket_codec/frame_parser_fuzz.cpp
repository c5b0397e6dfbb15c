// Three readings of one byte stream must agree: in one piece, cut into random pieces, and by a naive reader of whole
// frames. What came out is written as a server would and read again in the client role.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "socketio/websocket_codec/frame_parser.hpp"

using namespace websocket_codec;  // NOLINT: a fuzz target has no names of its own to protect
using Kind = Incoming::Kind;

namespace {

constexpr ParserOptions kServer{.max_message_bytes = 512, .max_fragments = 5};
constexpr ParserOptions kClient{.role = Role::kClient, .max_message_bytes = 512};

struct Seen {
  Kind kind;
  std::uint16_t code;
  std::string payload;
  friend bool operator==(const Seen&, const Seen&) = default;
};
using Stream = std::vector<Seen>;

Stream parse(std::string_view bytes, std::string_view cuts, const ParserOptions& options) {
  FrameParser parser(options);
  Stream seen;
  std::size_t cut = 0;
  while (!bytes.empty()) {
    const std::size_t piece =
        cuts.empty() ? bytes.size() : 1 + static_cast<unsigned char>(cuts[cut++ % cuts.size()]) % 64;
    std::string buffer(bytes.substr(0, piece));
    bytes.remove_prefix(buffer.size());
    std::span<char> input(buffer);
    for (Incoming got = parser.next(input); got.kind != Kind::kNeedMore; got = parser.next(input)) {
      CHECK(seen.empty() || (seen.back().kind != Kind::kClose && seen.back().kind != Kind::kFailed));
      CHECK(got.payload.size() <= options.max_message_bytes);
      CHECK(got.kind != Kind::kText || base::is_valid_utf8(got.payload));
      seen.push_back({got.kind, got.code, std::string(got.payload)});
    }
    CHECK(input.empty());
    CHECK(parser.mid_message() || parser.heap_bytes() == 0);
    CHECK(parser.heap_bytes() < 2048);
  }
  return seen;
}

class NaiveReader {
 public:
  explicit NaiveReader(std::string_view bytes) : bytes_(bytes) {
    while (!stopped_ && frame()) {
    }
  }
  Stream seen;

 private:
  unsigned byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }
  bool fail(int code) {
    seen.push_back({Kind::kFailed, static_cast<std::uint16_t>(code), ""});
    stopped_ = true;
    return false;
  }
  bool add(Kind kind, std::string payload, std::uint16_t code = 0) {
    seen.push_back({kind, code, std::move(payload)});
    return true;
  }
  // One whole frame; false at the end of the bytes or of the stream.
  bool frame() {
    if (bytes_.size() < 2) return false;
    const unsigned opcode = byte(0) & 15u;
    const bool final_fragment = byte(0) >= 128;
    if ((byte(0) & 0x70u) != 0 || (opcode > 2 && opcode < 8) || opcode > 10 || byte(1) < 128) return fail(1002);
    std::uint64_t length = byte(1) & 127u;
    std::size_t header = 2;
    if (opcode >= 8 && (!final_fragment || length > 125)) return fail(1002);
    if (opcode < 8 && (opcode == 0) != open_) return fail(1002);
    if (length >= 126) {
      const std::size_t size = length == 126 ? 2 : 8;
      if (bytes_.size() < header + size) return false;
      length = 0;
      for (std::size_t i = 0; i < size; ++i) length = length * 256 + byte(header + i);
      header += size;
      if (bytes_.size() < header + 4) return false;  // the parser judges a length when the header is whole
      if (length < (size == 2 ? 126u : 65536u)) return fail(1002);
    }
    if (bytes_.size() < header + 4) return false;
    if (opcode < 8 && length > kServer.max_message_bytes - message_.size()) return fail(1009);
    if (opcode < 8 && fragments_ == kServer.max_fragments) return fail(1008);
    if (bytes_.size() - header - 4 < length) return false;
    std::string payload(bytes_.substr(header + 4, length));
    for (std::size_t i = 0; i < payload.size(); ++i) {
      payload[i] = static_cast<char>(payload[i] ^ bytes_[header + i % 4]);
    }
    bytes_.remove_prefix(header + 4 + payload.size());
    return opcode < 8 ? data(opcode, final_fragment, payload) : control(opcode, payload);
  }
  bool data(unsigned opcode, bool final_fragment, const std::string& payload) {
    if (opcode != 0) text_ = opcode == 1;
    ++fragments_;
    open_ = !final_fragment;
    message_ += payload;
    base::Utf8Stream stream;
    if (text_ && (!stream.feed(message_) || (final_fragment && !stream.complete()))) return fail(1007);
    if (open_) return true;
    add(text_ ? Kind::kText : Kind::kBinary, message_);
    message_.clear();
    fragments_ = 0;
    return true;
  }
  bool control(unsigned opcode, const std::string& payload) {
    if (opcode != 8) return add(opcode == 9 ? Kind::kPing : Kind::kPong, payload);
    if (payload.size() == 1) return fail(1002);
    stopped_ = true;
    if (payload.empty()) return add(Kind::kClose, "");
    const auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) * 256 +
                                                 static_cast<unsigned char>(payload[1]));
    if (!is_close_code(code)) return fail(1002);
    if (!base::is_valid_utf8(std::string_view(payload).substr(2))) return fail(1007);
    return add(Kind::kClose, payload.substr(2), code);
  }

  std::string_view bytes_;
  std::string message_;
  int fragments_ = 0;
  bool text_ = false;
  bool open_ = false;
  bool stopped_ = false;
};

void read_back(const Stream& sent) {
  std::string bytes;
  Stream expected;
  for (const Seen& seen : sent) {
    if (seen.kind == Kind::kFailed) break;
    switch (seen.kind) {
      case Kind::kText:
        append_frame(bytes, Opcode::kText, seen.payload);
        break;
      case Kind::kBinary:
        append_frame(bytes, Opcode::kBinary, seen.payload);
        break;
      case Kind::kPing:
        append_frame(bytes, Opcode::kPing, seen.payload);
        break;
      case Kind::kPong:
        append_frame(bytes, Opcode::kPong, seen.payload);
        break;
      default:
        if (seen.code != 0) {
          append_close(bytes, seen.code, seen.payload);
        } else {
          append_close(bytes);
        }
    }
    expected.push_back(seen);
  }
  CHECK(parse(bytes, {}, kClient) == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says how many of the next ones are cut sizes.
  const std::string_view all(reinterpret_cast<const char*>(input), size);
  const std::size_t cuts = std::min<std::size_t>(1 + input[0] % 8, size);
  const std::string_view bytes = all.substr(cuts);
  const Stream whole = parse(bytes, {}, kServer);
  CHECK(parse(bytes, all.substr(0, cuts), kServer) == whole);

  // The parser fails as early as it can, so it may know of one failure more than the reader of whole frames.
  const Stream naive = NaiveReader(bytes).seen;
  CHECK(whole.size() == naive.size() || (whole.size() == naive.size() + 1 && whole.back().kind == Kind::kFailed));
  CHECK(std::equal(naive.begin(), naive.end(), whole.begin()));
  read_back(whole);
  return 0;
}
