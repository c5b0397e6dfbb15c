#pragma once
// FrameParser: the reading half of one WebSocket connection (RFC 6455 §§5, 7, 8.1). Problem: hundreds of thousands of
// idle connections must own no buffer, yet frames arrive cut anywhere. Answer: the owner reads into a buffer that is
// shared by the whole shard and hands it over; whole frames are unmasked and shown where they lie; only what is
// incomplete at the end is moved into a buffer of the connection's own, and that buffer goes when the message is whole.
//
//   std::span<char> input = what was just read;
//   while (true) {
//     const Incoming got = parser.next(input);
//     if (got.kind == Incoming::Kind::kNeedMore) break;   // input is empty now
//     …                                                   // got.payload lives until the next call of next()
//   }
//
// One owner, one thread. `options` must outlive the parser (one object serves all connections of a server).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "socketio/websocket_codec/frame.hpp"

namespace websocket_codec {

enum class Role : std::uint8_t { kServer, kClient };

struct ParserOptions {
  /// kServer reads masked frames, kClient unmasked ones; the other form is a protocol error.
  Role role = Role::kServer;
  /// Bytes of one whole message (all fragments), at most 2^31 - 1. More: 1009, as soon as a header announces it.
  std::uint32_t max_message_bytes = 256 * 1024;
  /// Frames of one message. More: 1008. Each costs the reader work, however small it is.
  std::uint16_t max_fragments = 64;
};

/// What next() found.
struct Incoming {
  enum class Kind : std::uint8_t {
    kNeedMore,  // the input is used up
    kText,      // a whole message, valid UTF-8
    kBinary,    // a whole message
    kPing,      // to be answered with a pong of the same payload
    kPong,
    kClose,   // `code`, or 0 if the frame had none; payload = reason (valid UTF-8). Nothing is read after it.
    kFailed,  // close with `code`. Nothing is read after it.
  };
  Kind kind = Kind::kNeedMore;
  std::uint16_t code = 0;
  std::string_view payload;
};

class FrameParser {
 public:
  explicit FrameParser(const ParserOptions& options);

  /// Takes the next whole message or control frame off the front of `input`, unmasking in place. Call it until
  /// kNeedMore.
  Incoming next(std::span<char>& input);

  /// Bytes on the heap, for accounting: 0 unless something is incomplete.
  [[nodiscard]] std::size_t heap_bytes() const noexcept;
  /// True inside a fragmented message, a frame, or a header.
  [[nodiscard]] bool mid_message() const noexcept { return !ended_ && (in_frame_ || in_message_ || header_size_ != 0); }

 private:
  Incoming fail(CloseCode code);
  // Each of these returns false with failure_ set when the peer broke a rule.
  bool take_header(std::span<char>& input);
  bool check_header_start();
  bool open_frame(std::uint64_t length);
  bool check_text(std::string_view bytes);

  [[nodiscard]] std::size_t header_wanted() const noexcept;
  Incoming take_payload(std::span<char>& input);
  Incoming finish_frame(std::string_view frame_payload);
  Incoming finish_close(std::string_view payload);
  void keep(std::string_view bytes);
  void release_shown();

  [[nodiscard]] bool is_control() const noexcept { return (static_cast<unsigned>(opcode_) & 8u) != 0; }

  const ParserOptions* options_;
  // The fragments of the message so far, and behind them what there is of a control frame that came cut between them.
  std::unique_ptr<std::string> kept_;
  std::uint32_t frame_left_ = 0;     // payload bytes of the current frame still to come
  std::uint32_t message_bytes_ = 0;  // of the message, the current frame included
  std::uint32_t kept_message_ = 0;   // how many bytes of kept_ belong to the message
  Mask mask_{};                      // rotated to the next payload byte
  std::uint16_t fragments_ = 0;
  std::uint16_t failure_ = 0;
  std::uint8_t header_[kMaxClientHeader];
  std::uint8_t header_size_ = 0;  // bytes of a header that came cut
  Opcode opcode_ = Opcode::kContinuation;
  Opcode message_opcode_ = Opcode::kContinuation;
  base::Utf8Stream text_;
  bool final_ : 1 = false;
  bool in_frame_ : 1 = false;
  bool in_message_ : 1 = false;  // a fragment came, the final one did not
  bool ended_ : 1 = false;
  bool shown_message_ : 1 = false;  // the last answer may have been a view into kept_
  bool shown_control_ : 1 = false;
};
// The price of an idle connection.
static_assert(sizeof(FrameParser) <= 64);

}  // namespace websocket_codec
