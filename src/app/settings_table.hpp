#pragma once
#include <utility>

#include "app/settings.hpp"

namespace app {

/// Writes the rows of bind_settings(), one call a key.
struct SettingsTable {
  std::vector<Setting> rows;

  void number(std::string_view key, std::int64_t& field, std::int64_t least, std::int64_t most,
              std::string_view explanation) {
    rows.push_back({key, &field, explanation, least, most, {}});
  }
  void text(std::string_view key, std::string& field, std::string_view explanation) {
    rows.push_back({key, &field, explanation, {}, {}, {}});
  }
  void choice(std::string_view key, std::string& field, std::string_view choices, std::string_view explanation) {
    rows.push_back({key, &field, explanation, {}, {}, choices});
  }
  void flag(std::string_view key, bool& field, std::string_view explanation) {
    rows.push_back({key, &field, explanation, {}, {}, {}});
  }
  void list(std::string_view key, std::vector<std::string>& field, std::string_view explanation) {
    rows.push_back({key, &field, explanation, {}, {}, {}});
  }
};

}  // namespace app
