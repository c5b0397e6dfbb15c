#pragma once
// Values of the store, byte by byte.
//
//   row      = version fields checksum
//   version  = one byte, kRowVersion: a reader that does not know it treats the row as damaged
//   checksum = four bytes over key ‖ version ‖ fields: a flipped bit, a row under another's key or a torn value is
//              noticed whatever RocksDB's own block checksums saw
//   number   = LEB128, at most ten bytes
//   id       = twelve raw bytes
//   text     = number of bytes, bytes
//   time     = milliseconds since 1970, zigzag, number

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/object_id.hpp"

namespace adapters::rocksdb {

inline constexpr std::uint8_t kRowVersion = 1;

std::uint32_t row_checksum(std::string_view key, std::string_view value);

/// Writes one row into a string that it clears first and whose capacity is reused.
class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {
    out_.clear();
    byte(kRowVersion);
  }

  RowWriter& byte(std::uint8_t value) {
    out_ += static_cast<char>(value);
    return *this;
  }
  RowWriter& number(std::uint64_t value) {
    while (value >= 0x80) {
      byte(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    return byte(static_cast<std::uint8_t>(value));
  }
  RowWriter& time(base::WallTime value) {
    const auto ms = static_cast<std::int64_t>(value.time_since_epoch().count());
    return number((static_cast<std::uint64_t>(ms) << 1) ^ static_cast<std::uint64_t>(ms >> 63));
  }
  template <class Tag>
  RowWriter& id(const base::ObjectId<Tag>& value) {
    out_ += value.view();
    return *this;
  }
  RowWriter& text(std::string_view value) {
    number(value.size());
    out_ += value;
    return *this;
  }
  /// The finished row; valid until the string changes.
  std::string_view seal(std::string_view key);

 private:
  std::string& out_;
};

/// Reads one row. After the first thing that does not fit, everything reads as zero and done() is false.
class RowReader {
 public:
  RowReader(std::string_view key, std::string_view row);

  std::uint8_t byte() {
    if (left_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  /// A byte that stands for an enumerator between the two; anything else fails.
  template <class Enum>
  Enum choice(Enum first, Enum last) {
    const std::uint8_t value = byte();
    if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last)) {
      fail();
      return first;
    }
    return static_cast<Enum>(value);
  }
  bool flag() { return choice<std::uint8_t>(0, 1) == 1; }
  std::uint64_t number();
  base::WallTime time() {
    const std::uint64_t value = number();
    const auto ms = static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    return base::WallTime(std::chrono::milliseconds(ms));
  }
  template <class Id>
  Id id() {
    Id value;
    const std::string_view bytes = take(value.bytes.size());
    if (!bytes.empty()) std::memcpy(value.bytes.data(), bytes.data(), value.bytes.size());
    return value;
  }
  std::string_view text() { return take(number()); }

  /// There are more fields: for those that a later version added to the end of a row.
  [[nodiscard]] bool more() const { return !left_.empty(); }
  /// True when all fitted and nothing is left over.
  [[nodiscard]] bool done() const { return ok_ && left_.empty(); }

 private:
  std::string_view take(std::uint64_t count);
  std::uint8_t fail() {
    ok_ = false;
    left_ = {};
    return 0;
  }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace adapters::rocksdb
