#pragma once
// Placeholders: the objects `{"_placeholder":true,"num":N}` that stand for attachments in the JSON of a binary packet
// (socketio.md §9.3, §9.5). An object is one when its last `_placeholder` is true; its last `num` is its number, and
// what else is in it means nothing, because the attachment takes its place. Clients may write it as JSON allows, we may
// not: some clients search for the very bytes.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/json_reader.hpp"

namespace socketio_codec {

/// The worst of what a value holds, so in this order.
enum class Placeholders : std::uint8_t {
  kExact,    // each as we must write it; also when there is none
  kRespelt,  // other white space, order, escapes or members
  kWrong,    // one whose number is no integer in 0..count-1
};

/// Linear in the text, also when it is deeply nested: its sender chooses both. Allocates nothing.
[[nodiscard]] Placeholders check_placeholders(const base::JsonValue& value, std::size_t count);

/// Appends the text of `value`, in which none is wrong, with every placeholder as we must write it.
void append_with_exact_placeholders(std::string& out, const base::JsonValue& value);

}  // namespace socketio_codec
