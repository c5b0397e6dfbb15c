#pragma once
// The smallest pieces of every shape: quoted ids, times and numbers, appended without a temporary string.

#include <cstdint>
#include <string>
#include <string_view>

#include "chat/model/ids.hpp"

namespace wire {

/// Lower-case hex of `bytes`, without quotes.
void append_hex(std::string& out, std::string_view bytes);
/// `"<24 hex digits>"`.
template <class Tag>
void append_id(std::string& out, const base::ObjectId<Tag>& id) {
  out += '"';
  append_hex(out, id.view());
  out += '"';
}
/// `"2026-11-24T09:30:00.123Z"`.
void append_time(std::string& out, chat::WallTime time);
/// Digits.
void append_number(std::string& out, std::uint64_t number);
/// `true` or `false`.
inline void append_bool(std::string& out, bool truth) {
  out += truth ? "true" : "false";
}

}  // namespace wire
