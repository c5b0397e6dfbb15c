#include "http_client/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/read_number.hpp"

namespace http_client {

namespace {

using std::chrono::seconds;

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kMaxWords = 8;  // of the longest form
using Words = std::array<std::string_view, kMaxWords>;

/// The words between blanks, commas, hyphens and colons: what the three forms of a date differ in beside their order.
std::size_t split(std::string_view text, Words& words) {
  constexpr std::string_view kSeparators = " ,-:";
  std::size_t count = 0;
  while (true) {
    const std::size_t start = text.find_first_not_of(kSeparators);
    if (start == std::string_view::npos) return count;
    if (count == kMaxWords) return 0;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(kSeparators), text.size());
    words[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
}

std::optional<int> number(std::string_view digits, int most) {
  int value = 0;
  if (!base::read_number(digits, value) || value < 0 || value > most) return std::nullopt;
  return value;
}

/// RFC 9110 §5.6.7: two digits that would lie more than 50 years ahead mean the century before.
int century_of(int two_digits, base::WallTime now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int year = static_cast<int>(today.year()) / 100 * 100 + two_digits;
  return year > static_cast<int>(today.year()) + 50 ? year - 100 : year;
}

std::optional<base::WallTime> parse_date(std::string_view text, base::WallTime now) {
  Words words;
  const std::size_t count = split(text, words);
  // Sun, 06 Nov 1994 08:49:37 GMT | Sunday, 06-Nov-94 08:49:37 GMT | Sun Nov  6 08:49:37 1994
  const bool asctime = count == 7;
  if (!asctime && (count != 8 || words[7] != "GMT")) return std::nullopt;
  const auto day = number(words[asctime ? 2 : 1], 31);
  const auto* const month = std::find(std::begin(kMonths), std::end(kMonths), words[asctime ? 1 : 2]);
  const std::string_view year_text = words[asctime ? 6 : 3];
  auto year = number(year_text, 9999);
  const std::size_t time_at = asctime ? 3 : 4;
  const auto hour = number(words[time_at], 23);
  const auto minute = number(words[time_at + 1], 59);
  const auto second = number(words[time_at + 2], 60);  // a leap second
  if (!day || month == std::end(kMonths) || !year || !hour || !minute || !second) return std::nullopt;
  if (year_text.size() == 2) year = century_of(*year, now);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - std::begin(kMonths)) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return base::WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, base::WallTime now) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t start = std::min(value.find_first_not_of(kBlanks), value.size());
  value.remove_prefix(start);
  value = value.substr(0, value.find_last_not_of(kBlanks) + 1);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::uint64_t delay = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), delay);
    const bool beyond = parsed.ec != std::errc() || delay > static_cast<std::uint64_t>(kMaxRetryAfter.count());
    return beyond ? kMaxRetryAfter : seconds(delay);
  }
  const auto date = parse_date(value, now);
  if (!date) return std::nullopt;
  return std::clamp(std::chrono::ceil<seconds>(*date - now), seconds(0), kMaxRetryAfter);
}

}  // namespace http_client
