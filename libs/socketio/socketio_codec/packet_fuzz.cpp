// Decodes lines as one client's stream (binary messages after `B`), writes every accepted packet again, and decodes
// that: all parts must be the same. Placeholders are judged by a second, naive reading, too.

#include <cstdint>
#include <memory>
#include <string>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "socketio/socketio_codec/binary_assembler.hpp"
#include "socketio/socketio_codec/encoder.hpp"

using namespace socketio_codec;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

constexpr DecodeLimits kLimits{.attachment_bytes = 32, .attachments_total_bytes = 64};

std::string encoded(const Packet& packet) {
  const Envelope envelope{packet.name_space, packet.ack_id, packet.attachments};
  std::string out;
  if (packet.is_event()) {
    // What a client counts to may be more than we would give out ourselves.
    if (packet.ack_id >= kAckIdEnd) return out;
    append_event(out, envelope, {packet.event_name(), packet.arguments});
  } else if (packet.is_ack() && packet.ack_id) {
    append_ack(out, envelope, packet.arguments);
  } else if (packet.type == PacketType::kDisconnect && !packet.ack_id) {
    append_disconnect(out, packet.name_space);
  }
  return out;
}

/// Member by member, as placeholders.hpp defines them, with nothing clever in it.
bool all_placeholders(const base::JsonValue& value,
                      bool (*holds)(const base::JsonValue& placeholder, std::size_t count), std::size_t count) {
  bool all = true;
  const auto mark = value.member("_placeholder");
  if (mark && mark->as_bool() == true) return holds(value, count);
  const auto look = [&](const base::JsonValue& inner) { all = all && all_placeholders(inner, holds, count); };
  value.for_each_element(look);
  value.for_each_member([&](const base::JsonValue&, const base::JsonValue& member) { look(member); });
  return all;
}

bool names_attachment(const base::JsonValue& placeholder, std::size_t count) {
  const auto number = placeholder.member("num");
  return number && number->as_uint64() && *number->as_uint64() < count;
}

bool is_exact(const base::JsonValue& placeholder, std::size_t) {
  std::string text;
  append_placeholder(text, *placeholder.member("num")->as_uint64());
  return placeholder.raw() == text;
}

void check_round_trip(const Packet& packet) {
  CHECK(packet.name_space.starts_with('/') && packet.name_space.size() <= kLimits.namespace_bytes);
  CHECK(base::is_valid_utf8(packet.name_space));
  CHECK(packet.attachments <= kMaxAttachments);
  if (packet.is_event()) {
    CHECK(packet.event_name().size() <= kLimits.event_name_bytes && !is_reserved_event(packet.event_name()));
  }
  if (packet.is_event() || packet.is_ack()) {
    const std::string bracketed = "[" + std::string(packet.arguments) + "]";
    const auto list = base::parse_json(bracketed, {.members = 0});
    CHECK(list.ok());
    std::size_t arguments = 0;
    packet.for_each_argument([&](const base::JsonValue&) { ++arguments; });
    CHECK(list->count() == arguments);
  }
  const std::string text = encoded(packet);
  if (text.empty()) return;
  const auto again = decode_packet(text, kLimits);
  CHECK(again.ok());
  CHECK(again->type == packet.type && again->name_space == packet.name_space && again->ack_id == packet.ack_id);
  CHECK(again->attachments == packet.attachments && again->arguments == packet.arguments);
  CHECK(again->event_name() == packet.event_name());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  std::unique_ptr<BinaryAssembler> assembler;
  while (!rest.empty()) {
    const std::size_t stop = rest.find('\n');
    const std::string line(rest.substr(0, stop));
    rest.remove_prefix(stop == std::string_view::npos ? rest.size() : stop + 1);
    if (assembler != nullptr) {
      if (!line.starts_with('B')) return 0;
      const Packet& whole = assembler->packet();
      const bool valid = all_placeholders(whole.payload, names_attachment, whole.attachments);
      const auto complete = assembler->add(std::string_view(line).substr(1));
      CHECK(assembler->held_bytes() <= size + kLimits.attachments_total_bytes);
      if (!complete.ok()) {
        CHECK(complete.error() == PacketError::kAttachmentTooBig || !valid);
        return 0;
      }
      CHECK(*complete == (assembler->outstanding() == 0));
      if (!*complete) continue;
      CHECK(assembler->attachments().size() == whole.attachments);
      CHECK(valid && all_placeholders(whole.payload, is_exact, 0));
      check_round_trip(assembler->packet());
      assembler.reset();
      continue;
    }
    const auto packet = decode_packet(line, kLimits);
    if (!packet.ok()) return 0;
    check_round_trip(*packet);
    if (packet->attachments > 0) assembler = std::make_unique<BinaryAssembler>(line, kLimits);
  }
  return 0;
}
