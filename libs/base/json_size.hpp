#pragma once
// How long a JSON text is going to be, without writing it. Any thread.

#include <cstddef>
#include <string_view>

namespace base {

/// The bytes that append_json_string() (json_writer.hpp) appends, quotes and escapes included.
[[nodiscard]] std::size_t json_string_size(std::string_view text) noexcept;

}  // namespace base
