#include <bit>
#include <chrono>

#include "base/clock.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "socketio/broadcaster_redis/msgpack.hpp"

namespace broadcaster_redis {

namespace {

constexpr std::uint8_t kTimestampExtension = 0xFF;  // -1

class Reader {
 public:
  Reader(std::string_view bytes, std::size_t max_attachments, JsonDocument& out)
      : bytes_(bytes), max_attachments_(max_attachments), out_(out), json_(out.text) {}

  base::Result<void, MsgpackError> read() {
    if (!value(0)) return base::fail(error_);
    if (at_ != bytes_.size()) return base::fail(MsgpackError::kTrailingBytes);
    return {};
  }

 private:
  bool fail(MsgpackError error) {
    error_ = error;
    return false;
  }
  bool need(std::uint64_t size) { return bytes_.size() - at_ >= size || fail(MsgpackError::kTruncated); }
  /// Big-endian, checked by need() before.
  std::uint64_t unsigned_of(std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes_[at_++]);
    return number;
  }
  std::string_view take(std::uint64_t size) {
    const auto taken = bytes_.substr(at_, static_cast<std::size_t>(size));
    at_ += taken.size();
    return taken;
  }

  bool value(std::size_t depth) {
    if (!need(1)) return false;
    const auto type = static_cast<std::uint8_t>(bytes_[at_++]);
    if (type <= 0x7F) return json_.value(unsigned{type}), true;
    if (type >= 0xE0) return json_.value(int{static_cast<std::int8_t>(type)}), true;
    if (type <= 0x8F) return map(type & 0x0Fu, depth);
    if (type <= 0x9F) return array(type & 0x0Fu, depth);
    if (type <= 0xBF) return text(type & 0x1Fu);
    if (type >= 0xCA && type <= 0xD3) return number(type);
    return sized(type, depth);
  }

  bool sized(std::uint8_t type, std::size_t depth) {
    switch (type) {
      case 0xC0:
        return json_.value(nullptr), true;
      case 0xC2:
      case 0xC3:
        return json_.value(type == 0xC3), true;
      case 0xC4:
      case 0xC5:
      case 0xC6:
        return size_then(std::size_t{1} << (type - 0xC4u), [&](std::uint64_t size) { return binary(size); });
      case 0xC7:
      case 0xC8:
      case 0xC9:
        return size_then(std::size_t{1} << (type - 0xC7u), [&](std::uint64_t size) { return extension(size); });
      case 0xD4:
      case 0xD5:
      case 0xD6:
      case 0xD7:
      case 0xD8:
        return extension(std::uint64_t{1} << (type - 0xD4u));
      case 0xD9:
      case 0xDA:
      case 0xDB:
        return size_then(std::size_t{1} << (type - 0xD9u), [&](std::uint64_t size) { return text(size); });
      case 0xDC:
      case 0xDD:
        return size_then(std::size_t{2} << (type - 0xDCu), [&](std::uint64_t size) { return array(size, depth); });
      case 0xDE:
      case 0xDF:
        return size_then(std::size_t{2} << (type - 0xDEu), [&](std::uint64_t size) { return map(size, depth); });
      default:
        return fail(MsgpackError::kUnknownType);
    }
  }

  template <class Then>
  bool size_then(std::size_t size_bytes, Then&& then) {
    return need(size_bytes) && then(unsigned_of(size_bytes));
  }

  bool number(std::uint8_t type) {
    if (type == 0xCA) return need(4) && real(std::bit_cast<float>(static_cast<std::uint32_t>(unsigned_of(4))));
    if (type == 0xCB) return need(8) && real(std::bit_cast<double>(unsigned_of(8)));
    const bool is_unsigned = type <= 0xCF;
    const unsigned size = 1u << (is_unsigned ? type - 0xCCu : type - 0xD0u);
    if (!need(size)) return false;
    const std::uint64_t bits = unsigned_of(size);
    if (is_unsigned) return json_.value(bits), true;
    const unsigned unused = 64 - 8 * size;
    return json_.value(static_cast<std::int64_t>(bits << unused) >> unused), true;
  }
  bool real(double number) { return json_.value(number), true; }

  bool text(std::uint64_t size) {
    if (!need(size)) return false;
    const auto content = take(size);
    if (!base::is_valid_utf8(content)) return fail(MsgpackError::kBadText);
    return json_.value(content), true;
  }

  bool binary(std::uint64_t size) {
    if (!need(size)) return false;
    if (out_.attachments.size() >= max_attachments_) return fail(MsgpackError::kTooManyAttachments);
    json_.begin_object().member("_placeholder", true).member("num", out_.attachments.size()).end_object();
    out_.attachments.emplace_back(take(size));
    return true;
  }

  bool array(std::uint64_t count, std::size_t depth) {
    // A count alone makes nothing grow: each element costs a byte that must be there.
    if (depth >= kMaxDepth) return fail(MsgpackError::kTooDeep);
    json_.begin_array();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!value(depth + 1)) return false;
    }
    json_.end_array();
    return true;
  }

  bool map(std::uint64_t count, std::size_t depth) {
    if (depth >= kMaxDepth) return fail(MsgpackError::kTooDeep);
    json_.begin_object();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!key() || !value(depth + 1)) return false;
    }
    json_.end_object();
    return true;
  }

  bool key() {
    if (!need(1)) return false;
    const auto type = static_cast<std::uint8_t>(bytes_[at_++]);
    std::uint64_t size = 0;
    if (type >= 0xA0 && type <= 0xBF) {
      size = type & 0x1Fu;
    } else if (type >= 0xD9 && type <= 0xDB) {
      const std::size_t size_bytes = std::size_t{1} << (type - 0xD9u);
      if (!need(size_bytes)) return false;
      size = unsigned_of(size_bytes);
    } else {
      return fail(MsgpackError::kBadKey);
    }
    if (!need(size)) return false;
    const auto name = take(size);
    if (!base::is_valid_utf8(name)) return fail(MsgpackError::kBadText);
    json_.key(name);
    return true;
  }

  bool extension(std::uint64_t size) {
    if (!need(1)) return false;
    const auto type = static_cast<std::uint8_t>(bytes_[at_++]);
    if (!need(size)) return false;
    const std::size_t end = at_ + static_cast<std::size_t>(size);
    if (type != kTimestampExtension || !timestamp(size)) json_.value(nullptr);
    at_ = end;
    return true;
  }

  /// seconds 32 | nanoseconds 30, seconds 34 | nanoseconds 32, seconds 64
  bool timestamp(std::uint64_t size) {
    std::uint64_t nanoseconds = 0;
    std::int64_t seconds = 0;
    if (size == 4) {
      seconds = static_cast<std::int64_t>(unsigned_of(4));
    } else if (size == 8) {
      const std::uint64_t both = unsigned_of(8);
      nanoseconds = both >> 34;
      seconds = static_cast<std::int64_t>(both & ((std::uint64_t{1} << 34) - 1));
    } else if (size == 12) {
      nanoseconds = unsigned_of(4);
      seconds = static_cast<std::int64_t>(unsigned_of(8));
    } else {
      return false;
    }
    // Years 0 to 9999: what the text form can say.
    constexpr std::int64_t kFirst = -62'167'219'200, kLast = 253'402'300'799;
    if (seconds < kFirst || seconds > kLast || nanoseconds > 999'999'999) return false;
    const auto milliseconds = seconds * 1000 + static_cast<std::int64_t>(nanoseconds / 1'000'000);
    json_.value(base::to_rfc3339(base::WallTime(std::chrono::milliseconds(milliseconds))));
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t max_attachments_;
  JsonDocument& out_;
  base::JsonWriter json_;
  MsgpackError error_ = MsgpackError::kTruncated;
};

}  // namespace

base::Result<JsonDocument, MsgpackError> msgpack_to_json(std::string_view bytes, std::size_t max_attachments) {
  JsonDocument document;
  const auto read = Reader(bytes, max_attachments, document).read();
  if (!read.ok()) return base::fail(read.error());
  return document;
}

}  // namespace broadcaster_redis
