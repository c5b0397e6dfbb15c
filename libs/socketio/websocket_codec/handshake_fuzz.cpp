// The header values of a stranger's handshake, read in two ways: lists by a naive splitter, keys by the base64 decoder.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/base64.hpp"
#include "base/check.hpp"
#include "socketio/websocket_codec/handshake.hpp"

using namespace websocket_codec;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

constexpr std::size_t kKeyBytes = 16;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return text;
}

std::string without_space(std::string text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(text.begin());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  return text;
}

std::vector<std::string> elements(const std::string& list) {
  std::vector<std::string> found{""};
  for (const char c : list) {
    if (c == ',') {
      found.emplace_back();
    } else {
      found.back() += c;
    }
  }
  std::transform(found.begin(), found.end(), found.begin(), without_space);
  return found;
}

bool names(const std::string& list, const std::string& token) {
  const auto found = elements(list);
  return std::any_of(found.begin(), found.end(), [&](const std::string& each) { return lower(each) == token; });
}

void check_lists(const std::string& header) {
  for (const std::string token : {"websocket", "upgrade", "x"}) CHECK(has_token(header, token) == names(header, token));
  const auto first = first_subprotocol(header);
  const auto all = elements(header);
  const bool blank = without_space(header).empty();
  CHECK(!blank || (first && first->empty()));
  if (blank) return;
  const bool whole = std::all_of(all.begin(), all.end(), [](const std::string& each) {
    return !each.empty() && std::all_of(each.begin(), each.end(), [](char c) {
      return c > ' ' && c < '\x7F' && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
    });
  });
  CHECK(first.has_value() == whole);
  CHECK(!first || *first == all.front());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Four values, one a line.
  std::vector<std::string> values{""};
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n' && values.size() < 4) {
      values.emplace_back();
    } else {
      values.back() += static_cast<char>(data[i]);
    }
  }
  values.resize(4);
  for (const auto& value : values) check_lists(value);

  const auto answer = accept_upgrade({values[0], values[1], values[2], values[3]});
  const bool asked = names(values[0], "websocket") && names(values[1], "upgrade");
  CHECK(asked == (answer.ok() || answer.error() != UpgradeError::kNotAnUpgrade));
  if (!answer.ok()) return 0;
  const auto key = without_space(values[2]);
  std::string bytes;
  base::append_base64_decoded(bytes, key);
  CHECK(bytes.size() == kKeyBytes && key.size() == base::base64_size(kKeyBytes));
  CHECK(without_space(values[3]) == "13");
  CHECK(*answer == accept_key(key));
  CHECK(answer->back() == '=' && (*answer)[answer->size() - 2] != '=');
  return 0;
}
