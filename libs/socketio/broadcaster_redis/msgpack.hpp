#pragma once
// MessagePack <-> JSON text with attachments: what the Redis adapters of the reference server put on the wire. No I/O.
//
//   nil, bool, int, float, str, array, map with str keys   <->  the JSON value of the same name
//   bin                                                     <->  {"_placeholder":true,"num":N}, attachment N (from 0)
//   ext -1 (timestamp)                                       ->  ISO 8601 text, as JSON has it
//   any other ext                                            ->  null ("undefined" of the JavaScript encoders is ext 0)
//   NaN, infinities                                          ->  null
//
// Numbers take the shortest form on the way out: integers up to 64 bits as such, everything else as float 64.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"
#include "base/result.hpp"

namespace broadcaster_redis {

/// Containers inside each other, on either side.
inline constexpr std::size_t kMaxDepth = 64;

enum class MsgpackError : std::uint8_t {
  kTruncated,
  kTrailingBytes,
  kTooDeep,
  kBadKey,   // a map's key that is no string
  kBadText,  // not UTF-8
  kUnknownType,
  kTooManyAttachments,
};

struct JsonDocument {
  std::string text;
  std::vector<std::string> attachments;
};

/// All of `bytes` must be one value.
base::Result<JsonDocument, MsgpackError> msgpack_to_json(std::string_view bytes, std::size_t max_attachments);

/// False: a placeholder names no attachment, or the value is deeper than kMaxDepth; `out` is then half written.
bool append_msgpack(std::string& out, const base::JsonValue& value, std::span<const std::string_view> attachments = {});

}  // namespace broadcaster_redis
