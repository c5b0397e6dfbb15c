#pragma once
// Notes as bytes on the channel: several in one payload, all of one node. No I/O. Inside of this room.
//
//   payload = "rn1" size(node) node 1*note            size: 1 byte, 1..64; numbers big-endian
//   note    = %x01                                    kCommitted
//           / %x02 user peer on at                    kPresence: 12 bytes each, 0 or 1, milliseconds in 8
//           / %x03 user peer on                       kTyping
//
// Everybody who reaches Redis can write to the channel: anything else is rubbish as a whole.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/ports/node_bus.hpp"

namespace adapters::redis {

inline constexpr std::size_t kMaxNodeName = 64;
inline constexpr std::size_t kMaxNotesPerPayload = 1'024;

struct NotePayload {
  std::string_view node;
  std::vector<chat::NodeNote> notes;
};

/// At most kMaxNotesPerPayload notes.
std::string encode_notes(std::string_view node, std::span<const chat::NodeNote> notes);
/// nullopt: rubbish. The view lives as long as `payload`.
std::optional<NotePayload> decode_notes(std::string_view payload);

}  // namespace adapters::redis
