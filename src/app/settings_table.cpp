#include "app/settings.hpp"

namespace app {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kGiB = 1024 * 1024 * 1024;

void bind_server(Settings& s, std::vector<Setting>& table) {
  auto& server = s.server;
  table.insert(
      table.end(),
      {
          {"server.host",
           &server.host,
           "address to listen on; other than loopback needs TLS or insecure_plaintext",
           {},
           {},
           {}},
          {"server.port", &server.port, "TCP port; 0 lets the system choose", 0, 65'535, {}},
          {"server.shards", &server.shards, "event-loop threads; 0 = one per core", 0, 1024, {}},
          {"server.read_threads", &server.read_threads, "threads for reads that may touch the disk", 1, 256, {}},
          {"server.web_root",
           &server.web_root,
           "directory of the web page; empty = beside the binary, \"none\" = no page",
           {},
           {},
           {}},
          {"server.insecure_plaintext",
           &server.insecure_plaintext,
           "allow HTTP on an address that is not loopback",
           {},
           {},
           {}},
          {"server.allowed_origins",
           &server.allowed_origins,
           "browser origins that may connect besides the server's own page; \"*\" = all",
           {},
           {},
           {}},
          {"server.trusted_proxies",
           &server.trusted_proxies,
           "addresses whose X-Forwarded-For is believed",
           {},
           {},
           {}},
          {"server.max_connections",
           &server.max_connections,
           "open TCP connections; beyond it a connection is closed on accept",
           1,
           10'000'000,
           {}},
          {"server.max_unjoined",
           &server.max_unjoined,
           "connections that are still authenticating; beyond it a handshake is refused",
           1,
           10'000'000,
           {}},
          {"server.ping_interval_ms",
           &server.ping_interval_ms,
           "milliseconds between heartbeats; finds half-open connections",
           50,
           kDayMs,
           {}},
          {"server.ping_timeout_ms",
           &server.ping_timeout_ms,
           "milliseconds to wait for the answer to a heartbeat",
           50,
           kDayMs,
           {}},
          {"server.join_timeout_ms",
           &server.join_timeout_ms,
           "milliseconds until a connection must have authenticated",
           50,
           kDayMs,
           {}},
          {"server.max_payload_bytes",
           &server.max_payload_bytes,
           "largest polling body and WebSocket message",
           1024,
           kGiB,
           {}},
          {"server.max_buffered_bytes",
           &server.max_buffered_bytes,
           "unsent bytes at which a slow reader is disconnected",
           64 * 1024,
           kGiB,
           {}},
          {"server.drain_timeout_ms",
           &server.drain_timeout_ms,
           "milliseconds that SIGTERM waits for connections to finish",
           0,
           kDayMs,
           {}},
          {"tls.certificate", &s.tls.certificate, "PEM file with the certificate chain", {}, {}, {}},
          {"tls.key", &s.tls.key, "PEM file with the private key", {}, {}, {}},
      });
}

void bind_delivery(Settings& s, std::vector<Setting>& table) {
  auto& delivery = s.delivery;
  table.insert(
      table.end(),
      {
          {"storage.path", &s.storage.path, "data directory (store, keys, secrets)", {}, {}, {}},
          {"storage.min_free",
           &s.storage.min_free,
           "bytes of free space below which sends are refused; -1 = the smaller of 5 % and 512 MiB",
           -1,
           INT64_MAX,
           {}},
          {"storage.block_cache_bytes",
           &s.storage.block_cache_bytes,
           "cache of store blocks",
           1024 * 1024,
           INT64_MAX,
           {}},
          {"storage.write_buffer_bytes",
           &s.storage.write_buffer_bytes,
           "memory of recent writes; bounds what a start replays",
           1024 * 1024,
           INT64_MAX,
           {}},
          {"delivery.confirm",
           &delivery.confirm,
           "how clients confirm unless CONNECT says otherwise",
           {},
           {},
           "ack|heartbeat"},
          {"delivery.window_entries", &delivery.window_entries, "messages in flight to one device", 1, 4096, {}},
          {"delivery.window_bytes", &delivery.window_bytes, "bytes in flight to one device", 16 * 1024, kGiB, {}},
          {"delivery.batch_entries",
           &delivery.batch_entries,
           "largest batch for clients that asked for batches",
           1,
           4096,
           {}},
          {"delivery.batch_bytes", &delivery.batch_bytes, "bytes of such a batch", 16 * 1024, kGiB, {}},
          {"delivery.silent_ms",
           &delivery.silent_ms,
           "milliseconds without confirmation after which a session is suspect",
           100,
           kDayMs,
           {}},
          {"delivery.unconfirmed_ms",
           &delivery.unconfirmed_ms,
           "milliseconds without confirmation after which its transport is closed",
           100,
           kDayMs,
           {}},
          {"delivery.offline_grace_ms",
           &delivery.offline_grace_ms,
           "milliseconds until a disconnect is announced; a reconnect within it is not",
           0,
           kDayMs,
           {}},
          {"delivery.retained_entries",
           &delivery.retained_entries,
           "confirmed entries kept per mailbox for clients that resume from an older position",
           0,
           1'000'000,
           {}},
      });
}

void bind_auth(Settings& s, std::vector<Setting>& table) {
  auto& auth = s.auth;
  table.insert(
      table.end(),
      {
          {"auth.access_token_seconds", &auth.access_token_seconds, "life of an access token", 1, 900, {}},
          {"auth.refresh_token_days", &auth.refresh_token_days, "life of a login without use", 1, 30, {}},
          {"auth.argon2_memory_kib", &auth.argon2_memory_kib, "memory of one password hash", 8, 1024 * 1024, {}},
          {"auth.argon2_passes", &auth.argon2_passes, "passes of one password hash", 1, 16, {}},
          {"auth.argon2_concurrency",
           &auth.argon2_concurrency,
           "password hashes at the same time; 0 = what 256 MiB and the cores allow",
           0,
           256,
           {}},
           "anybody may message anybody (blocks still hold); default: friends only",
           {},
           {},
           {}},
          {"log.level", &s.log.level, "least important line that is logged", {}, {}, "debug|info|warning|error"},
          {"log.format", &s.log.format, "form of a log line", {}, {}, "text|json"},
      });
}

}  // namespace

void bind_limits(chat::Limits& limits, std::vector<Setting>& table);

std::vector<Setting> bind_settings(Settings& settings) {
  std::vector<Setting> table;
  bind_server(settings, table);
  bind_delivery(settings, table);
  bind_auth(settings, table);
  bind_limits(settings.limits, table);
  return table;
}

}  // namespace app
