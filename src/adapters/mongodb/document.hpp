#pragma once
// BSON documents, written and read with our own types. Inside of this room.

#include <bson/bson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/model/ids.hpp"

namespace adapters::mongodb {

/// Bytes that are not text.
struct Binary {
  std::string_view bytes;
};

/// Built by appending; keys are literals of ours. Numbers are 64 bits: a value above the signed range keeps its bits.
class Document {
 public:
  Document() { bson_init(&bson_); }
  ~Document() { bson_destroy(&bson_); }
  Document(Document&& other) noexcept;
  Document& operator=(Document&&) = delete;

  Document& add(std::string_view key, std::string_view text);
  Document& add(std::string_view key, const char* text) { return add(key, std::string_view(text)); }
  Document& add(std::string_view key, const std::string& text) { return add(key, std::string_view(text)); }
  Document& add(std::string_view key, bool flag);
  Document& add(std::string_view key, std::int64_t number);
  Document& add(std::string_view key, int number) { return add(key, static_cast<std::int64_t>(number)); }
  Document& add(std::string_view key, std::uint64_t number) { return add(key, static_cast<std::int64_t>(number)); }
  Document& add(std::string_view key, base::WallTime time);
  Document& add(std::string_view key, Binary binary);
  Document& add(std::string_view key, const base::ObjectIdBytes& id);
  Document& add(std::string_view key, const Document& document);
  Document& add(std::string_view key, const bson_t& document);
  Document& add(std::string_view key, const chat::DeviceId& device) { return add(key, device.value); }
  template <class Tag>
  Document& add(std::string_view key, const base::ObjectId<Tag>& id) {
    return add(key, id.bytes);
  }
  template <class Tag, class Rep>
  Document& add(std::string_view key, base::StrongNumber<Tag, Rep> number) {
    return add(key, static_cast<std::uint64_t>(number.value));
  }
  /// An array of anything that add() takes.
  template <class T>
  Document& add_array(std::string_view key, const std::vector<T>& values) {
    bson_t array;
    begin_array(key, array);
    for (std::size_t i = 0; i < values.size(); ++i) append_element(array, i, values[i]);
    end_array(array);
    return *this;
  }
  Document& merge(const Document& other);

  [[nodiscard]] const bson_t* bson() const { return &bson_; }
  [[nodiscard]] bson_t* mutable_bson() { return &bson_; }

 private:
  void begin_array(std::string_view key, bson_t& array);
  void end_array(bson_t& array);
  static void append_element(bson_t& array, std::size_t index, const Document& value);
  static void append_element(bson_t& array, std::size_t index, std::string_view value);
  static void append_element(bson_t& array, std::size_t index, Binary value);
  static void append_element(bson_t& array, std::size_t index, const base::ObjectIdBytes& value);
  template <class Tag>
  static void append_element(bson_t& array, std::size_t index, const base::ObjectId<Tag>& value) {
    append_element(array, index, value.bytes);
  }

  bson_t bson_;
};

/// {field: value}
template <class Value>
Document where(const char* field, const Value& value) {
  Document filter;
  filter.add(field, value);
  return filter;
}

/// Reads the fields of a document. A field that is absent or of another type makes ok() false and leaves the value as
/// it was; `maybe` allows absence, and a null is absent. A whole number may be of any numeric type, a time also a
/// number of milliseconds. Whoever wrote the document, it is never believed beyond that.
class Fields {
 public:
  explicit Fields(const bson_t* document) : document_(document) {}

  [[nodiscard]] bool ok() const { return ok_; }
  void damage() { ok_ = false; }

  template <class T>
  Fields& get(const char* key, T& to) {
    if (!read(key, to, true)) ok_ = false;
    return *this;
  }
  template <class T>
  Fields& maybe(const char* key, T& to) {
    if (!read(key, to, false)) ok_ = false;
    return *this;
  }
  /// False also when it is of another type.
  [[nodiscard]] bool has(const char* key) const;
  /// Views live as long as the document.
  [[nodiscard]] std::string_view text(const char* key);
  [[nodiscard]] std::string_view binary(const char* key);
  [[nodiscard]] std::vector<std::string> binaries(const char* key);
  /// Calls fn(Fields&) with a document inside; false when there is none.
  template <class Fn>
  bool inside(const char* key, Fn&& fn) {
    bson_t view;
    if (!open(key, view)) return false;
    Fields fields(&view);
    fn(fields);
    if (!fields.ok()) ok_ = false;
    return true;
  }
  /// Calls fn(const bson_t*) with each document of an array; an array that is absent has none.
  template <class Fn>
  void each(const char* key, Fn&& fn) {
    bson_iter_t field;
    bson_iter_t element;
    if (!bson_iter_init_find(&field, document_, key)) return;
    if (!BSON_ITER_HOLDS_ARRAY(&field) || !bson_iter_recurse(&field, &element)) return damage();
    while (bson_iter_next(&element)) {
      bson_t view;
      if (!document_at(element, view)) return damage();
      fn(static_cast<const bson_t*>(&view));
    }
  }

 private:
  static bool document_at(const bson_iter_t& element, bson_t& view);
  bool read(const char* key, std::string& to, bool required);
  bool read(const char* key, bool& to, bool required);
  bool read(const char* key, std::uint64_t& to, bool required);
  bool read(const char* key, base::WallTime& to, bool required);
  bool read(const char* key, base::ObjectIdBytes& to, bool required);
  bool read(const char* key, chat::DeviceId& to, bool required) { return read(key, to.value, required); }
  template <class Tag>
  bool read(const char* key, base::ObjectId<Tag>& to, bool required) {
    return read(key, to.bytes, required);
  }
  template <class Tag, class Rep>
  bool read(const char* key, base::StrongNumber<Tag, Rep>& to, bool required) {
    auto value = static_cast<std::uint64_t>(to.value);
    if (!read(key, value, required)) return false;
    to.value = static_cast<Rep>(value);
    return static_cast<std::uint64_t>(to.value) == value;
  }
  template <class T>
  bool read(const char* key, std::optional<T>& to, bool required) {
    if (!required && !has(key)) return true;
    return read(key, to.emplace(), true);
  }
  bool read(const char* key, std::uint32_t& to, bool required);
  /// False: absent.
  bool look_up(const char* key, bson_iter_t& at) const;
  bool open(const char* key, bson_t& view);

  const bson_t* document_;
  bool ok_ = true;
};

}  // namespace adapters::mongodb
