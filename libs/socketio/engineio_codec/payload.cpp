#include "socketio/engineio_codec/payload.hpp"

namespace engineio_codec {
namespace {
constexpr char kSeparator = '\x1E';
}

std::optional<base::Result<Packet, PacketError>> PayloadReader::next() {
  if (done_) return std::nullopt;
  const std::size_t separator = rest_.find(kSeparator);
  const std::string_view segment = rest_.substr(0, separator);
  done_ = separator == std::string_view::npos;
  if (!done_) rest_.remove_prefix(separator + 1);
  auto packet = decode_text(segment, scratch_);
  if (!packet.ok()) done_ = true;
  return packet;
}

void PayloadWriter::separate() {
  if (count_++ != 0) out_ += kSeparator;
}

void PayloadWriter::add_text(PacketType type, std::string_view payload) {
  separate();
  append_text_packet(out_, type, payload);
}

void PayloadWriter::add_binary(std::string_view bytes) {
  separate();
  append_binary_packet(out_, bytes);
}

void PayloadWriter::add_encoded(std::string_view packet) {
  separate();
  out_ += packet;
}

}  // namespace engineio_codec
