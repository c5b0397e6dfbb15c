#pragma once
// BinaryAssembler: holds a binary packet from its text to its last attachment. A connection creates one when a packet
// with attachments arrives and destroys it when it is whole or the time is up, so that it costs nothing otherwise.
// While it exists, a text packet is an error (kUnexpectedText); without one, a binary message is (kUnexpectedBinary).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/socketio_codec/packet.hpp"

namespace socketio_codec {

class BinaryAssembler {
 public:
  /// `text` is what decode_packet accepted as a packet with attachments; it is copied. `limits` must outlive this.
  BinaryAssembler(std::string_view text, const DecodeLimits& limits);
  BinaryAssembler(const BinaryAssembler&) = delete;
  BinaryAssembler& operator=(const BinaryAssembler&) = delete;

  /// Copies one attachment. True: that was the last one, and all placeholders are right; in packet() they are written
  /// as the encoder writes them, because its values are passed on. Not to be called after that.
  base::Result<bool, PacketError> add(std::string_view bytes);

  [[nodiscard]] std::size_t outstanding() const noexcept { return packet_.attachments - attachments_.size(); }
  /// Valid as long as this object; its views until the last add().
  [[nodiscard]] const Packet& packet() const noexcept { return packet_; }
  [[nodiscard]] std::span<const std::string_view> attachments() const noexcept { return views_; }
  /// Text and attachments, as they came.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return text_bytes_ + attachment_bytes_; }

 private:
  void decode();
  void respell();

  const DecodeLimits& limits_;
  std::string text_;
  Packet packet_;
  std::vector<std::string> attachments_;
  std::vector<std::string_view> views_;
  std::size_t text_bytes_;
  std::size_t attachment_bytes_ = 0;
};

}  // namespace socketio_codec
