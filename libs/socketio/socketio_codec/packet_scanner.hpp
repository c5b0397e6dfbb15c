#pragma once
// The steps of decode_packet, in the order of the grammar in packet.hpp; not for use elsewhere.

#include "socketio/socketio_codec/packet.hpp"

namespace socketio_codec {

class PacketScanner {
 public:
  PacketScanner(std::string_view text, const DecodeLimits& limits) : rest_(text), limits_(limits) {}
  base::Result<Packet, PacketError> scan();

 private:
  // Each takes its part off rest_; false with error_ set.
  bool type();
  bool attachments();
  bool name_space();
  bool ack_id();
  bool payload();
  bool payload_fits_type();
  bool event_name(const base::JsonValue& name);
  /// Digits at the front of rest_, at most `longest` of them; nullopt when there are more.
  std::optional<std::string_view> digits(std::size_t longest);

  bool fail(PacketError error) {
    error_ = error;
    return false;
  }

  std::string_view rest_;
  const DecodeLimits& limits_;
  Packet packet_;
  bool has_payload_ = false;
  PacketError error_ = PacketError::kEmpty;
};

}  // namespace socketio_codec
