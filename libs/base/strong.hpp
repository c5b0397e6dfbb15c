#pragma once
// Strong types: values of one representation and different meaning do not convert into each other.

#include <compare>
#include <cstdint>
#include <functional>

namespace base {

/// A number with a meaning (MailboxSeq, ConversationSeq). Arithmetic is explicit: `.value`, `next()`.
template <class Tag, class Rep = std::uint64_t>
struct StrongNumber {
  Rep value = 0;

  constexpr StrongNumber() = default;
  constexpr explicit StrongNumber(Rep v) : value(v) {}
  [[nodiscard]] constexpr StrongNumber next() const { return StrongNumber(static_cast<Rep>(value + 1)); }
  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;
};

}  // namespace base

template <class Tag, class Rep>
struct std::hash<base::StrongNumber<Tag, Rep>> {
  std::size_t operator()(base::StrongNumber<Tag, Rep> number) const noexcept { return std::hash<Rep>{}(number.value); }
};
