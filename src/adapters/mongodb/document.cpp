#include "adapters/mongodb/document.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"

namespace adapters::mongodb {

namespace {

int length(std::string_view text) {
  return static_cast<int>(text.size());
}

bson_oid_t oid_of(const base::ObjectIdBytes& id) {
  bson_oid_t oid;
  std::copy(id.begin(), id.end(), oid.bytes);
  return oid;
}

const char* start_of(std::string_view bytes) {
  return bytes.data() == nullptr ? "" : bytes.data();
}

/// Appending fails only beyond 2 GiB, which our limits keep far away.
void appended(bool done) {
  CHECK(done);
}

/// The key of an array's element.
class Index {
 public:
  explicit Index(std::size_t index)
      : size_(bson_uint32_to_string(static_cast<std::uint32_t>(index), &text_, buffer_.data(), buffer_.size())) {}
  [[nodiscard]] const char* text() const { return text_; }
  [[nodiscard]] int size() const { return static_cast<int>(size_); }

 private:
  std::array<char, 16> buffer_;
  const char* text_ = nullptr;
  std::size_t size_;
};

}  // namespace

Document::Document(Document&& other) noexcept {
  bson_steal(&bson_, &other.bson_);
  bson_init(&other.bson_);
}

Document& Document::add(std::string_view key, std::string_view text) {
  appended(bson_append_utf8(&bson_, key.data(), length(key), start_of(text), length(text)));
  return *this;
}
Document& Document::add(std::string_view key, bool flag) {
  appended(bson_append_bool(&bson_, key.data(), length(key), flag));
  return *this;
}
Document& Document::add(std::string_view key, std::int64_t number) {
  appended(bson_append_int64(&bson_, key.data(), length(key), number));
  return *this;
}
Document& Document::add(std::string_view key, base::WallTime time) {
  appended(bson_append_date_time(&bson_, key.data(), length(key), time.time_since_epoch().count()));
  return *this;
}
Document& Document::add(std::string_view key, Binary binary) {
  appended(bson_append_binary(&bson_, key.data(), length(key), BSON_SUBTYPE_BINARY,
                              reinterpret_cast<const std::uint8_t*>(start_of(binary.bytes)),
                              static_cast<std::uint32_t>(binary.bytes.size())));
  return *this;
}
Document& Document::add(std::string_view key, const base::ObjectIdBytes& id) {
  const auto oid = oid_of(id);
  appended(bson_append_oid(&bson_, key.data(), length(key), &oid));
  return *this;
}
Document& Document::add(std::string_view key, const Document& document) {
  return add(key, document.bson_);
}
Document& Document::add(std::string_view key, const bson_t& document) {
  appended(bson_append_document(&bson_, key.data(), length(key), &document));
  return *this;
}
Document& Document::merge(const Document& other) {
  appended(bson_concat(&bson_, &other.bson_));
  return *this;
}

void Document::begin_array(std::string_view key, bson_t& array) {
  appended(bson_append_array_begin(&bson_, key.data(), length(key), &array));
}
void Document::end_array(bson_t& array) {
  appended(bson_append_array_end(&bson_, &array));
}
void Document::append_element(bson_t& array, std::size_t index, const Document& value) {
  const Index key(index);
  appended(bson_append_document(&array, key.text(), key.size(), &value.bson_));
}
void Document::append_element(bson_t& array, std::size_t index, std::string_view value) {
  const Index key(index);
  appended(bson_append_utf8(&array, key.text(), key.size(), start_of(value), length(value)));
}
void Document::append_element(bson_t& array, std::size_t index, Binary value) {
  const Index key(index);
  appended(bson_append_binary(&array, key.text(), key.size(), BSON_SUBTYPE_BINARY,
                              reinterpret_cast<const std::uint8_t*>(start_of(value.bytes)),
                              static_cast<std::uint32_t>(value.bytes.size())));
}
void Document::append_element(bson_t& array, std::size_t index, const base::ObjectIdBytes& value) {
  const Index key(index);
  const auto oid = oid_of(value);
  appended(bson_append_oid(&array, key.text(), key.size(), &oid));
}

namespace {

std::string_view text_at(const bson_iter_t& at) {
  std::uint32_t size = 0;
  const char* const text = bson_iter_utf8(&at, &size);
  return {text, size};
}

std::string_view binary_at(const bson_iter_t& at) {
  bson_subtype_t subtype{};
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_iter_binary(&at, &subtype, &size, &bytes);
  return {reinterpret_cast<const char*>(bytes), size};
}

/// A shell or a Node script that touched the document may have left another type of number: there a whole number of
/// more than 31 bits, like Date.now(), is a double.
bool integer_at(const bson_iter_t& at, std::int64_t& to) {
  constexpr double kExact = 9'007'199'254'740'992.0;  // 2^53: up to here a double is the number that was meant
  if (BSON_ITER_HOLDS_DOUBLE(&at)) {
    const double number = bson_iter_double(&at);
    if (!(std::abs(number) <= kExact) || number != std::trunc(number)) return false;
    to = static_cast<std::int64_t>(number);
    return true;
  }
  if (!BSON_ITER_HOLDS_INT(&at)) return false;
  to = bson_iter_as_int64(&at);
  return true;
}

}  // namespace

bool Fields::look_up(const char* key, bson_iter_t& at) const {
  return bson_iter_init_find(&at, document_, key) && !BSON_ITER_HOLDS_NULL(&at);
}
bool Fields::has(const char* key) const {
  bson_iter_t at;
  return look_up(key, at);
}

bool Fields::read(const char* key, std::string& to, bool required) {
  bson_iter_t at;
  if (!look_up(key, at)) return !required;
  if (!BSON_ITER_HOLDS_UTF8(&at)) return false;
  to = text_at(at);
  return true;
}

bool Fields::read(const char* key, bool& to, bool required) {
  bson_iter_t at;
  if (!look_up(key, at)) return !required;
  if (!BSON_ITER_HOLDS_BOOL(&at)) return false;
  to = bson_iter_bool(&at);
  return true;
}

bool Fields::read(const char* key, std::uint64_t& to, bool required) {
  bson_iter_t at;
  if (!look_up(key, at)) return !required;
  std::int64_t number = 0;
  if (!integer_at(at, number)) return false;
  to = static_cast<std::uint64_t>(number);
  return true;
}

bool Fields::read(const char* key, std::uint32_t& to, bool required) {
  std::uint64_t wide = to;
  if (!read(key, wide, required) || wide > UINT32_MAX) return false;
  to = static_cast<std::uint32_t>(wide);
  return true;
}

bool Fields::read(const char* key, base::WallTime& to, bool required) {
  bson_iter_t at;
  if (!look_up(key, at)) return !required;
  std::int64_t ms = 0;
  if (BSON_ITER_HOLDS_DATE_TIME(&at)) {
    ms = bson_iter_date_time(&at);
  } else if (!integer_at(at, ms)) {
    return false;
  }
  to = base::WallTime(std::chrono::milliseconds(ms));
  return true;
}

bool Fields::read(const char* key, base::ObjectIdBytes& to, bool required) {
  bson_iter_t at;
  if (!look_up(key, at)) return !required;
  if (!BSON_ITER_HOLDS_OID(&at)) return false;
  const bson_oid_t* const oid = bson_iter_oid(&at);
  std::copy(std::begin(oid->bytes), std::end(oid->bytes), to.begin());
  return true;
}

std::string_view Fields::text(const char* key) {
  bson_iter_t at;
  if (bson_iter_init_find(&at, document_, key) && BSON_ITER_HOLDS_UTF8(&at)) return text_at(at);
  ok_ = false;
  return {};
}

std::string_view Fields::binary(const char* key) {
  bson_iter_t at;
  if (bson_iter_init_find(&at, document_, key) && BSON_ITER_HOLDS_BINARY(&at)) return binary_at(at);
  ok_ = false;
  return {};
}

std::vector<std::string> Fields::binaries(const char* key) {
  std::vector<std::string> found;
  bson_iter_t at;
  bson_iter_t element;
  if (!bson_iter_init_find(&at, document_, key) || !BSON_ITER_HOLDS_ARRAY(&at) || !bson_iter_recurse(&at, &element)) {
    ok_ = false;
    return found;
  }
  while (bson_iter_next(&element)) {
    if (BSON_ITER_HOLDS_BINARY(&element)) {
      found.emplace_back(binary_at(element));
    } else {
      ok_ = false;
    }
  }
  return found;
}

bool Fields::open(const char* key, bson_t& view) {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, document_, key)) return false;
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  if (BSON_ITER_HOLDS_DOCUMENT(&at)) bson_iter_document(&at, &size, &bytes);
  if (bytes == nullptr || !bson_init_static(&view, bytes, size)) {
    ok_ = false;
    return false;
  }
  return true;
}

bool Fields::document_at(const bson_iter_t& element, bson_t& view) {
  if (!BSON_ITER_HOLDS_DOCUMENT(&element)) return false;
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_iter_document(&element, &size, &bytes);
  return bson_init_static(&view, bytes, size);
}

}  // namespace adapters::mongodb
