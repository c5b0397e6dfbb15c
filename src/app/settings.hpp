#pragma once
// Settings: one table of keys serves the TOML file, the environment, `--set`, the documentation and the checks.
// Precedence: defaults < TOML file < environment (RESTANTE_SECTION_KEY) < --set. An unknown key is an error everywhere.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "chat/rules/limits.hpp"

namespace app {

struct Settings {
  struct {
    std::string host = "127.0.0.1";
    std::int64_t port = 8080;
    std::int64_t shards = 0;
    std::int64_t read_threads = 2;
    std::string web_root;
    bool insecure_plaintext = false;
    std::vector<std::string> allowed_origins;
    std::vector<std::string> trusted_proxies;
    std::int64_t max_connections = 0;
    std::int64_t max_unjoined = 1024;
    std::int64_t max_unjoined_per_address = 64;
    std::int64_t ping_interval_ms = 25'000;
    std::int64_t ping_timeout_ms = 20'000;
    std::int64_t join_timeout_ms = 20'000;
    std::int64_t max_payload_bytes = 256 * 1024;
    std::int64_t max_buffered_bytes = 1024 * 1024;
    std::int64_t drain_timeout_ms = 10'000;
  } server;
  struct {
    std::string certificate;
    std::string key;
  } tls;
  struct {
    std::string path = "data";
    std::string engine = "rocksdb";
    std::string mongodb_uri;
    std::int64_t min_free = -1;
    std::int64_t block_cache_bytes = 64 * 1024 * 1024;
    std::int64_t write_buffer_bytes = 64 * 1024 * 1024;
  } storage;
  struct {
    std::string uri;
    std::string ca_file;
    std::string broadcaster = "classic";
    std::string broadcaster_prefix = "socket.io";
  } redis;
  struct {
    std::string confirm = "ack";
    std::int64_t window_entries = 64;
    std::int64_t window_bytes = 256 * 1024;
    std::int64_t batch_entries = 256;
    std::int64_t batch_bytes = 64 * 1024;
    std::int64_t silent_ms = 20'000;
    std::int64_t unconfirmed_ms = 60'000;
    std::int64_t offline_grace_ms = 5'000;
    std::int64_t retained_entries = 1024;
    std::int64_t expiry_seconds = 30 * 86'400;
  } delivery;
  struct {
    std::int64_t grace_ms = 10'000;
    std::int64_t concurrency = 64;
    bool data_only = false;
    std::string fcm_service_account;
    std::string fcm_base_url = "https://fcm.googleapis.com";
    bool webpush = true;
    std::string webpush_subject = "mailto:operator@localhost";
    std::vector<std::string> webpush_allowed_hosts = {"fcm.googleapis.com", "updates.push.services.mozilla.com",
                                                      "*.push.services.mozilla.com", "*.push.apple.com",
                                                      "*.notify.windows.com"};
    bool allow_private_addresses = false;
    std::string ca_file;
  } push;
  struct {
    std::int64_t access_token_seconds = 900;
    std::int64_t refresh_token_days = 30;
    std::int64_t argon2_memory_kib = 64 * 1024;
    std::int64_t argon2_passes = 3;
    std::int64_t argon2_concurrency = 0;
  } auth;
  struct {
    std::string level = "info";
    std::string format = "text";
  } log;
  chat::Limits limits;
};

/// One key of the table, bound to a field of one Settings object.
struct Setting {
  using Target = std::variant<std::int64_t*, std::uint32_t*, std::string*, bool*, std::vector<std::string>*>;
  std::string_view key;  // "section.name"
  Target target;
  std::string_view explanation;  // one line, with unit and reason
  std::int64_t least = 0;        // numbers only
  std::int64_t most = INT64_MAX;
  std::string_view choices;  // strings only: "a|b", empty: any
};

/// A message for the operator: which key, what is wrong, what would be right.
using SettingsError = std::string;

/// The table, bound to `settings`; in the order of the documentation.
std::vector<Setting> bind_settings(Settings& settings);

/// `assignment` is "section.key=value" (lists: comma-separated).
base::Result<void, SettingsError> assign(Settings& settings, std::string_view assignment);
base::Result<void, SettingsError> load_toml(Settings& settings, const std::string& path);
/// Reads RESTANTE_<SECTION>_<KEY> for every key; a variable of a known section with an unknown key is an error.
base::Result<void, SettingsError> load_environment(Settings& settings, const char* const* environment);

/// The value of a key, written as assign() takes it. nullopt: there is no such key.
std::optional<std::string> value_of(const Settings& settings, std::string_view key);

/// docs/configuration.md is this, so that it cannot drift.
std::string describe_settings();

}  // namespace app
