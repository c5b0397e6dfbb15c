#include "socketio/socketio_codec/binary_assembler.hpp"

#include "base/check.hpp"
#include "socketio/socketio_codec/placeholders.hpp"

namespace socketio_codec {

BinaryAssembler::BinaryAssembler(std::string_view text, const DecodeLimits& limits)
    : limits_(limits), text_(text), text_bytes_(text.size()) {
  decode();
  attachments_.reserve(packet_.attachments);
  views_.reserve(packet_.attachments);
}

base::Result<bool, PacketError> BinaryAssembler::add(std::string_view bytes) {
  CHECK(outstanding() > 0);
  if (bytes.size() > limits_.attachment_bytes || bytes.size() > limits_.attachments_total_bytes - attachment_bytes_) {
    return base::fail(PacketError::kAttachmentTooBig);
  }
  attachment_bytes_ += bytes.size();
  views_.emplace_back(attachments_.emplace_back(bytes));
  if (outstanding() > 0) return false;
  const Placeholders found = check_placeholders(packet_.payload, packet_.attachments);
  if (found == Placeholders::kWrong) return base::fail(PacketError::kBadPlaceholder);
  if (found == Placeholders::kRespelt) respell();
  return true;
}

/// Again, because the packet must look into our copy of the text.
void BinaryAssembler::decode() {
  auto packet = decode_packet(text_, limits_);
  CHECK(packet.ok() && packet->attachments > 0);
  packet_ = std::move(*packet);
}

/// The text becomes shorter and no deeper: it stays within the limits.
void BinaryAssembler::respell() {
  const std::string_view payload = packet_.payload.raw();
  std::string exact;
  exact.reserve(text_.size());
  exact.append(text_, 0, static_cast<std::size_t>(payload.data() - text_.data()));
  append_with_exact_placeholders(exact, packet_.payload);
  text_ = std::move(exact);
  decode();
}

}  // namespace socketio_codec
