#include "adapters/rocksdb/row_bytes.hpp"

#include <bit>

namespace adapters::rocksdb {

namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint64_t kMultiplier = 0x9fb21c651e98df25ull;  // odd, hence invertible: no difference is ever cancelled

// Each step is a bijection of the state for a given word, and of the word for a given state: texts that differ in one
// word end in different 64-bit states.
std::uint64_t absorb(std::uint64_t state, std::string_view bytes) {
  const auto step = [&state](std::uint64_t word) { state = std::rotl((state ^ word) * kMultiplier, 29); };
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    step(word);
    bytes.remove_prefix(8);
  }
  std::uint64_t tail = bytes.size() + 1;  // the length is part of it
  for (const char c : bytes) tail = (tail << 8) | static_cast<unsigned char>(c);
  step(tail);
  return state;
}

}  // namespace

std::uint32_t row_checksum(std::string_view key, std::string_view value) {
  std::uint64_t state = absorb(absorb(0x726573746e746531ull, key), value);
  state ^= state >> 32;
  state *= kMultiplier;
  return static_cast<std::uint32_t>(state >> 32);
}

std::string_view RowWriter::seal(std::string_view key) {
  const std::uint32_t checksum = row_checksum(key, out_);
  for (int shift = 0; shift < 32; shift += 8) byte(static_cast<std::uint8_t>(checksum >> shift));
  return out_;
}

RowReader::RowReader(std::string_view key, std::string_view row) {
  if (row.size() < kChecksumBytes + 1) {
    fail();
    return;
  }
  left_ = row.substr(0, row.size() - kChecksumBytes);
  std::uint32_t stored = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    stored |= static_cast<std::uint32_t>(static_cast<unsigned char>(row[left_.size() + i])) << (8 * i);
  }
  if (stored != row_checksum(key, left_) || byte() != kRowVersion) fail();
}

std::uint64_t RowReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t next = byte();
    if (!ok_) return 0;
    if (shift == 63 && next > 1) return fail();
    value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
    if ((next & 0x80) == 0) return value;
  }
  return fail();
}

std::string_view RowReader::take(std::uint64_t count) {
  if (count > left_.size()) {
    fail();
    return {};
  }
  const std::string_view bytes = left_.substr(0, static_cast<std::size_t>(count));
  left_.remove_prefix(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace adapters::rocksdb
