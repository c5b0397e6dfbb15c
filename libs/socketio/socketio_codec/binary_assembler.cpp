#include "socketio/socketio_codec/binary_assembler.hpp"

#include "base/check.hpp"
#include "socketio/socketio_codec/placeholders.hpp"

namespace socketio_codec {

BinaryAssembler::BinaryAssembler(std::string_view text, const DecodeLimits& limits) : limits_(limits), text_(text) {
  // Decoded again, because the packet must look into our copy of the text.
  auto packet = decode_packet(text_, limits);
  CHECK(packet.ok() && packet->attachments > 0);
  packet_ = std::move(*packet);
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
  if (check_placeholders(packet_.payload, packet_.attachments) == Placeholders::kWrong)
    return base::fail(PacketError::kBadPlaceholder);
  return true;
}

}  // namespace socketio_codec
