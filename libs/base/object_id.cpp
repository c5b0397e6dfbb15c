#include "base/object_id.hpp"

#include "base/hex.hpp"

namespace base {

std::string object_id_to_hex(const ObjectIdBytes& bytes) {
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<ObjectIdBytes> object_id_from_hex(std::string_view text) {
  ObjectIdBytes bytes;
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  const auto raw = from_hex(text);
  if (!raw) return std::nullopt;
  std::memcpy(bytes.data(), raw->data(), bytes.size());
  return bytes;
}

ObjectIdBytes make_object_id(WallTime now, RandomSource& random) {
  ObjectIdBytes bytes;
  const auto seconds =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(seconds >> (24 - 8 * i));
  random.fill(bytes.data() + 4, bytes.size() - 4);
  return bytes;
}

WallTime object_id_time(const ObjectIdBytes& bytes) {
  std::uint32_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds = seconds << 8 | bytes[i];
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace base
