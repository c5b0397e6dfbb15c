#include "socketio/socketio_codec/placeholders.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "socketio/socketio_codec/encoder.hpp"

namespace socketio_codec {
namespace {

using Step = base::JsonWalker::Step;

bool is_exact(std::string_view text, std::uint64_t number) {
  constexpr std::string_view kFront = R"({"_placeholder":true,"num":)";
  std::array<char, 20> digits;  // of 2^64
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view written(digits.data(), static_cast<std::size_t>(end - digits.data()));
  // Numbers in JSON have no leading zeros, so that there is one way to write each.
  return text.starts_with(kFront) && text.size() == kFront.size() + written.size() + 1 &&
         text.substr(kFront.size()).starts_with(written);
}

/// One walk. Recurses once per container; the depth of checked text is bounded.
class Walk {
 public:
  /// `out`: where the text goes, with exact placeholders; null: nowhere.
  Walk(const base::JsonValue& value, std::size_t count, std::string* out)
      : walker_(value), copied_(value.raw().data()), count_(count), out_(out) {}

  Placeholders run() {
    const Placeholders found = value(walker_.next());
    copy_to(walker_.at());
    return found;
  }

 private:
  /// The value that `step` began.
  Placeholders value(Step step) {
    if (step == Step::kOpenObject) return object();
    Placeholders found = Placeholders::kExact;
    if (step != Step::kOpenArray) return found;
    for (step = walker_.next(); step != Step::kClose; step = walker_.next()) found = std::max(found, value(step));
    return found;
  }

  /// Whether it is a placeholder is known at its end only: until then, what is inside counts.
  Placeholders object() {
    const char* open = walker_.at() - 1;
    copy_to(open);
    const std::size_t written = out_ != nullptr ? out_->size() : 0;
    bool marked = false;
    std::optional<std::uint64_t> number;
    Placeholders inside = Placeholders::kExact;
    while (walker_.next() != Step::kClose) {
      const bool is_mark = walker_.scalar().is_string_equal_to("_placeholder");
      const bool is_number = walker_.scalar().is_string_equal_to("num");
      const Step step = walker_.next();
      const base::JsonValue member = step == Step::kScalar ? walker_.scalar() : base::JsonValue();
      if (is_mark) marked = member.as_bool() == true;
      if (is_number) number = member.as_uint64();
      inside = std::max(inside, value(step));
    }
    if (!marked) return inside;
    if (!number || *number >= count_) return Placeholders::kWrong;
    write_instead(written, *number);
    const std::string_view text(open, static_cast<std::size_t>(walker_.at() - open));
    return is_exact(text, *number) ? Placeholders::kExact : Placeholders::kRespelt;
  }

  void copy_to(const char* end) {
    if (out_ != nullptr) out_->append(copied_, end);
    copied_ = end;
  }

  /// In place of all that was written since the object began.
  void write_instead(std::size_t written, std::uint64_t number) {
    if (out_ == nullptr) return;
    out_->resize(written);
    append_placeholder(*out_, number);
    copied_ = walker_.at();
  }

  base::JsonWalker walker_;
  const char* copied_;  // the end of what is in out_
  std::size_t count_;
  std::string* out_;
};

}  // namespace

Placeholders check_placeholders(const base::JsonValue& value, std::size_t count) {
  return Walk(value, count, nullptr).run();
}

void append_with_exact_placeholders(std::string& out, const base::JsonValue& value) {
  Walk(value, std::numeric_limits<std::size_t>::max(), &out).run();
}

}  // namespace socketio_codec
