#pragma once
// A polling payload (socketio.md §3.2): the body of a POST or of the answer to a poll.
//
//   payload = packet *( %x1E packet )     ; no separator before the first or after the last
//
// A segment with nothing in it (empty body, doubled or trailing separator) is an error, as on the reference server.

#include <optional>
#include <string>
#include <string_view>

#include "socketio/engineio_codec/packet.hpp"

namespace engineio_codec {

/// Walks a body packet by packet. Packets before a broken one are good and have been handed out by then. A packet lives
/// until the next call of next().
class PayloadReader {
 public:
  /// `body` and `scratch` (for base64, overwritten) outlive the reader.
  PayloadReader(std::string_view body, std::string& scratch) : rest_(body), scratch_(scratch) {}

  /// The next packet, the error that ends the walk, or nothing after the last packet.
  std::optional<base::Result<Packet, PacketError>> next();
  /// True when next() has nothing more to say: for readers that stop at a budget.
  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  std::string_view rest_;
  std::string& scratch_;
  bool done_ = false;
};

/// Writes a body at the end of the caller's string.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::string& out) : out_(out) {}

  void add_text(PacketType type, std::string_view payload = {});
  void add_binary(std::string_view bytes);
  /// A packet that is encoded already.
  void add_encoded(std::string_view packet);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  void separate();

  std::string& out_;
  std::size_t count_ = 0;
};

}  // namespace engineio_codec
