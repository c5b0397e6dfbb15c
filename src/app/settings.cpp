#include "app/settings.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "base/read_number.hpp"

namespace app {
namespace {

using base::fail;

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto end = text.find(separator);
    std::string_view item = text.substr(0, end);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return items;
}

base::Result<void, SettingsError> assign_number(const Setting& setting, std::string_view text, std::int64_t& out) {
  if (!base::read_number(text, out))
    return fail(std::string(setting.key) + ": \"" + std::string(text) + "\" is not a whole number");
  if (out < setting.least || out > setting.most)
    return fail(std::string(setting.key) + ": " + std::string(text) + " is not between " +
                std::to_string(setting.least) + " and " + std::to_string(setting.most));
  return {};
}

base::Result<void, SettingsError> assign_string(const Setting& setting, std::string_view text, std::string& out) {
  if (!setting.choices.empty()) {
    const auto choices = split_list(setting.choices, '|');
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
      return fail(std::string(setting.key) + ": \"" + std::string(text) + "\" is not one of " +
                  std::string(setting.choices));
  }
  out = text;
  return {};
}

base::Result<void, SettingsError> assign_text(const Setting& setting, std::string_view text) {
  if (auto* const* number = std::get_if<std::int64_t*>(&setting.target)) {
    std::int64_t value = 0;
    auto done = assign_number(setting, text, value);
    if (done) **number = value;
    return done;
  }
  if (auto* const* number = std::get_if<std::uint32_t*>(&setting.target)) {
    std::int64_t value = 0;
    auto done = assign_number(setting, text, value);
    if (done) **number = static_cast<std::uint32_t>(value);
    return done;
  }
  if (auto* const* flag = std::get_if<bool*>(&setting.target)) {
    if (text != "true" && text != "false")
      return fail(std::string(setting.key) + ": \"" + std::string(text) + "\" is neither true nor false");
    **flag = text == "true";
    return {};
  }
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&setting.target)) {
    **list = split_list(text, ',');
    return {};
  }
  return assign_string(setting, text, **std::get_if<std::string*>(&setting.target));
}

base::Result<void, SettingsError> assign_key(std::vector<Setting>& table, std::string_view key,
                                             std::string_view value) {
  for (const auto& setting : table)
    if (setting.key == key) return assign_text(setting, value);
  return fail("unknown setting \"" + std::string(key) + "\" (docs/configuration.md lists them)");
}

base::Result<std::string, SettingsError> toml_text(const std::string& key, const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  if (const auto* list = node.as_array()) {
    std::string joined;
    for (const auto& item : *list) {
      if (!item.is_string()) return fail(key + ": a list holds texts only");
      if (!joined.empty()) joined += ',';
      joined += item.as_string()->get();
    }
    return joined;
  }
  return fail(key + ": this kind of value is not used by any setting");
}

std::string environment_name(std::string_view key) {
  std::string name = "RESTANTE_";
  for (const char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(std::uint32_t value) {
  return std::to_string(value);
}
std::string text_of(std::int64_t value) {
  return std::to_string(value);
}
std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(const std::vector<std::string>& values) {
  std::string joined;
  for (const auto& value : values) joined += (joined.empty() ? "" : ",") + value;
  return joined;
}

}  // namespace

base::Result<void, SettingsError> assign(Settings& settings, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos)
    return fail("\"" + std::string(assignment) + "\" is not of the form section.key=value");
  auto table = bind_settings(settings);
  return assign_key(table, assignment.substr(0, equals), assignment.substr(equals + 1));
}

base::Result<void, SettingsError> load_toml(Settings& settings, const std::string& path) {
  std::error_code unreadable;
  if (std::filesystem::is_directory(path, unreadable)) return fail(path + ": is a directory, not a TOML file");
  toml::table document;
  try {
    document = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    std::ostringstream text;
    text << path << ": " << error.description();
    if (error.source().begin.line > 0) text << " (line " << error.source().begin.line << ")";
    return fail(text.str());
  }
  auto table = bind_settings(settings);
  for (const auto& [section, content] : document) {
    const auto* keys = content.as_table();
    if (keys == nullptr) return fail(path + ": \"" + std::string(section.str()) + "\" stands outside a [section]");
    for (const auto& [name, node] : *keys) {
      const std::string key = std::string(section.str()) + "." + std::string(name.str());
      const auto text = toml_text(key, node);
      if (!text) return fail(path + ": " + text.error());
      if (auto done = assign_key(table, key, *text); !done) return fail(path + ": " + done.error());
    }
  }
  return {};
}

base::Result<void, SettingsError> load_environment(Settings& settings, const char* const* environment) {
  auto table = bind_settings(settings);
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable(*environment);
    const auto equals = variable.find('=');
    const auto name = variable.substr(0, equals);
    if (!name.starts_with("RESTANTE_") || equals == std::string_view::npos) continue;
    const auto known = std::find_if(table.begin(), table.end(),
                                    [&](const Setting& setting) { return environment_name(setting.key) == name; });
    if (known != table.end()) {
      if (auto done = assign_text(*known, variable.substr(equals + 1)); !done)
        return fail(std::string(name) + ": " + done.error());
      continue;
    }
    const bool known_section = std::any_of(table.begin(), table.end(), [&](const Setting& setting) {
      const auto section = setting.key.substr(0, setting.key.find('.'));
      return name.starts_with(environment_name(section) + "_");
    });
    if (known_section) return fail(std::string(name) + ": unknown setting (docs/configuration.md lists them)");
  }
  return {};
}

std::optional<std::string> value_of(const Settings& settings, std::string_view key) {
  Settings copy = settings;  // the table binds to fields that it may write
  for (const auto& setting : bind_settings(copy))
    if (setting.key == key) return std::visit([](const auto* field) { return text_of(*field); }, setting.target);
  return std::nullopt;
}

std::string describe_settings() {
  Settings defaults;
  std::ostringstream text;
  text << "# Configuration\n\nEvery key, its default and its meaning. Precedence: defaults < TOML file (`--config`) < "
          "environment\n(`RESTANTE_SECTION_KEY`) < `--set section.key=value`. An unknown key is refused. Lists are "
          "comma-separated, in TOML arrays.\nThis page is what `restante settings` prints; a test compares the two.\n";
  std::string_view section;
  for (const auto& setting : bind_settings(defaults)) {
    const auto dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      text << "\n## [" << section << "]\n\n| key | default | meaning |\n|---|---|---|\n";
    }
    text << "| `" << setting.key.substr(dot + 1) << "` | ";
    std::visit(
        [&](auto* field) {
          using Field = std::remove_pointer_t<decltype(field)>;
          if constexpr (std::is_same_v<Field, bool>) {
            text << (*field ? "`true`" : "`false`");
          } else if constexpr (std::is_same_v<Field, std::vector<std::string>>) {
            text << "(none)";
          } else if constexpr (std::is_same_v<Field, std::string>) {
            text << (field->empty() ? "(none)" : "`" + *field + "`");
          } else {
            text << "`" << *field << "`";
          }
        },
        setting.target);
    text << " | " << setting.explanation;
    if (!setting.choices.empty()) text << " (" << setting.choices << ")";
    text << " |\n";
  }
  return text.str();
}

}  // namespace app
