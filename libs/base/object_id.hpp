#pragma once
// ObjectId<Tag>: 12 opaque bytes, written as 24 lower-case hex digits (the shape of a MongoDB ObjectId, so that ids
// survive a move to that store). Bytes 0..3 are seconds since 1970 big-endian, the other 8 come from a secure source:
// ids are unguessable and never carry order (order is by number, never by clock).

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace base {

using ObjectIdBytes = std::array<std::uint8_t, 12>;

/// 24 lower-case hex digits.
std::string object_id_to_hex(const ObjectIdBytes& bytes);
/// Accepts exactly 24 hex digits, either case; anything else is nullopt.
std::optional<ObjectIdBytes> object_id_from_hex(std::string_view text);
WallTime object_id_time(const ObjectIdBytes& bytes);
ObjectIdBytes make_object_id(WallTime now, RandomSource& random);

template <class Tag>
struct ObjectId {
  ObjectIdBytes bytes{};

  static ObjectId make(WallTime now, RandomSource& random) { return {make_object_id(now, random)}; }
  static std::optional<ObjectId> from_hex(std::string_view text) {
    if (auto parsed = object_id_from_hex(text)) return ObjectId{*parsed};
    return std::nullopt;
  }
  [[nodiscard]] std::string hex() const { return object_id_to_hex(bytes); }
  /// When it was made, in whole seconds: for age, never for order.
  [[nodiscard]] WallTime made() const { return object_id_time(bytes); }
  [[nodiscard]] bool is_zero() const { return *this == ObjectId{}; }
  /// The raw 12 bytes, for keys and hashes; valid as long as the id.
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

}  // namespace base

template <class Tag>
struct std::hash<base::ObjectId<Tag>> {
  std::size_t operator()(const base::ObjectId<Tag>& id) const noexcept {
    // Eight of the twelve bytes are random and server-chosen: they are the hash.
    std::uint64_t tail;
    std::memcpy(&tail, id.bytes.data() + 4, sizeof tail);
    return static_cast<std::size_t>(tail * 0x9E3779B97F4A7C15ull);
  }
};
