#include <bit>
#include <optional>

#include "socketio/broadcaster_redis/msgpack.hpp"

namespace broadcaster_redis {

namespace {

void put(std::string& out, std::uint8_t type) {
  out += static_cast<char>(type);
}

/// `size` bytes, big-endian.
void put(std::string& out, std::uint64_t number, unsigned size) {
  while (size > 0) out += static_cast<char>(number >> (8 * --size) & 0xFF);
}

/// Type `first` for sizes of one byte, the next for two, the one after for four.
void put_size(std::string& out, std::uint64_t size, std::uint8_t first) {
  const unsigned step = size <= 0xFF ? 0 : size <= 0xFFFF ? 1 : 2;
  put(out, static_cast<std::uint8_t>(first + step));
  put(out, size, 1u << step);
}

void put_text(std::string& out, std::string_view text) {
  if (text.size() <= 31) {
    put(out, static_cast<std::uint8_t>(0xA0 | text.size()));
  } else {
    put_size(out, text.size(), 0xD9);
  }
  out += text;
}

/// `small` holds counts up to 15 in its low bits; `large` counts in two bytes, the type after it in four.
void put_count(std::string& out, std::size_t count, std::uint8_t small, std::uint8_t large) {
  if (count <= 15) return put(out, static_cast<std::uint8_t>(small | count));
  const bool wide = count > 0xFFFF;
  put(out, static_cast<std::uint8_t>(large + (wide ? 1 : 0)));
  put(out, count, wide ? 4 : 2);
}

void put_unsigned(std::string& out, std::uint64_t number) {
  if (number <= 0x7F) return put(out, static_cast<std::uint8_t>(number));
  const unsigned step = number <= 0xFF ? 0 : number <= 0xFFFF ? 1 : number <= 0xFFFF'FFFF ? 2 : 3;
  put(out, static_cast<std::uint8_t>(0xCC + step));
  put(out, number, 1u << step);
}

void put_negative(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= -32) return put(out, static_cast<std::uint8_t>(bits & 0xFF));
  const unsigned step = number >= INT8_MIN ? 0 : number >= INT16_MIN ? 1 : number >= INT32_MIN ? 2 : 3;
  put(out, static_cast<std::uint8_t>(0xD0 + step));
  put(out, bits, 1u << step);
}

void put_number(std::string& out, const base::JsonValue& value) {
  if (const auto natural = value.as_uint64()) return put_unsigned(out, *natural);
  if (const auto integer = value.as_int64(); integer && *integer < 0) return put_negative(out, *integer);
  const auto real = value.as_double();
  if (!real) return put(out, 0xC0);  // outside the range of a double: null, as JavaScript makes of it
  put(out, 0xCB);
  put(out, std::bit_cast<std::uint64_t>(*real), 8);
}

/// nullopt: no placeholder.
std::optional<std::uint64_t> placeholder_number(const base::JsonValue& object) {
  const auto mark = object.member("_placeholder");
  if (!mark || mark->as_bool() != true) return std::nullopt;
  const auto number = object.member("num");
  return number ? number->as_uint64() : std::nullopt;
}

class Writer {
 public:
  Writer(std::string& out, std::span<const std::string_view> attachments) : out_(out), attachments_(attachments) {}

  bool value(const base::JsonValue& value, std::size_t depth) {
    switch (value.kind()) {
      case base::JsonKind::kNull:
        return put(out_, 0xC0), true;
      case base::JsonKind::kBool:
        return put(out_, *value.as_bool() ? 0xC3 : 0xC2), true;
      case base::JsonKind::kNumber:
        return put_number(out_, value), true;
      case base::JsonKind::kString:
        scratch_.clear();
        value.append_string_to(scratch_);
        return put_text(out_, scratch_), true;
      case base::JsonKind::kArray:
        return depth < kMaxDepth && array(value, depth);
      case base::JsonKind::kObject:
        return depth < kMaxDepth && object(value, depth);
    }
    return false;
  }

 private:
  bool array(const base::JsonValue& elements, std::size_t depth) {
    put_count(out_, elements.count(), 0x90, 0xDC);
    bool good = true;
    elements.for_each_element([&](const base::JsonValue& element) { return good = value(element, depth + 1); });
    return good;
  }

  bool object(const base::JsonValue& members, std::size_t depth) {
    if (!attachments_.empty()) {
      if (const auto number = placeholder_number(members)) {
        if (*number >= attachments_.size()) return false;
        const auto bytes = attachments_[static_cast<std::size_t>(*number)];
        put_size(out_, bytes.size(), 0xC4);
        out_ += bytes;
        return true;
      }
    }
    put_count(out_, members.count(), 0x80, 0xDE);
    bool good = true;
    members.for_each_member([&](const base::JsonValue& key, const base::JsonValue& member) {
      good = value(key, depth + 1) && value(member, depth + 1);
      return good;
    });
    return good;
  }

  std::string& out_;
  std::span<const std::string_view> attachments_;
  std::string scratch_;
};

}  // namespace

bool append_msgpack(std::string& out, const base::JsonValue& value, std::span<const std::string_view> attachments) {
  return Writer(out, attachments).value(value, 0);
}

}  // namespace broadcaster_redis
