// The scanner against a second, naive reading of RFC 8259, and every accepted text through decode, write and parse
// again.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace {

// The grammar rule by rule, on a copy-free cursor, with nothing clever in it.
class NaiveJson {
 public:
  explicit NaiveJson(std::string_view text) : text_(text) {}
  bool accepts() {
    space();
    if (!value(0)) return false;
    space();
    return at_ == text_.size();
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_any(std::string_view set) {
    if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void space() {
    while (take_any(" \t\r\n")) {
    }
  }
  bool digits() {
    bool some = false;
    while (take_any("0123456789")) some = true;
    return some;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take_any("eE")) {
      take_any("+-");
      return digits();
    }
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    while (!take('"')) {
      if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] != '\\') {
        ++at_;
        continue;
      }
      ++at_;
      if (take('u')) {
        for (int i = 0; i < 4; ++i) {
          if (!take_any("0123456789abcdefABCDEF")) return false;
        }
      } else if (!take_any("\"\\/bfnrt")) {
        return false;
      }
    }
    return true;
  }
  bool value(int depth) {
    if (at_ >= text_.size() || depth > 16) return false;
    if (text_[at_] == '"') return string();
    if (text_[at_] == '[' || text_[at_] == '{') return depth < 16 && container(depth + 1);
    return take_word("true") || take_word("false") || take_word("null") || number();
  }
  bool container(int depth) {
    const bool object = text_[at_++] == '{';
    const char close = object ? '}' : ']';
    space();
    if (take(close)) return true;
    for (int members = 1; members <= 128; ++members) {
      if (object) {
        if (!string()) return false;
        space();
        if (!take(':')) return false;
        space();
      }
      if (!value(depth)) return false;
      space();
      if (take(close)) return true;
      if (!take(',')) return false;
      space();
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void rewrite(base::JsonWriter& writer, const base::JsonValue& value) {
  switch (value.kind()) {
    case base::JsonKind::kArray:
      writer.begin_array();
      value.for_each_element([&](const base::JsonValue& element) { rewrite(writer, element); });
      writer.end_array();
      return;
    case base::JsonKind::kObject:
      writer.begin_object();
      value.for_each_member([&](const base::JsonValue& key, const base::JsonValue& member) {
        const std::string name = *key.as_string();
        CHECK(key.is_string_equal_to(name));
        CHECK(value.member(name).has_value());
        writer.key(name);
        rewrite(writer, member);
      });
      writer.end_object();
      return;
    case base::JsonKind::kString: {
      const std::string text = *value.as_string();
      CHECK(base::is_valid_utf8(text));
      if (auto plain = value.as_plain_string_view()) CHECK(*plain == text);
      writer.value(text);
      return;
    }
    case base::JsonKind::kNumber:
      if (auto integer = value.as_int64()) {
        std::string again;
        base::JsonWriter(again).value(*integer);
        CHECK(again == value.raw() || value.raw() == "-0");
      }
      (void)value.as_double();
      writer.raw(value.raw());
      return;
    default:
      writer.raw(value.raw());
      return;
  }
}

std::string rewritten(const base::JsonValue& value) {
  std::string out;
  base::JsonWriter writer(out);
  rewrite(writer, value);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = base::parse_json(text);
  CHECK(parsed.ok() == (base::is_valid_utf8(text) && NaiveJson(text).accepts()));
  const auto strict = base::parse_json(text, base::JsonLimits::strict());
  CHECK(parsed.ok() || !strict.ok());
  if (!parsed.ok()) return 0;
  const std::string once = rewritten(*parsed);
  const auto again = base::parse_json(once);
  CHECK(again.ok());
  CHECK(rewritten(*again) == once);
  if (strict.ok()) CHECK(base::parse_json(once, base::JsonLimits::strict()).ok());
  return 0;
}
