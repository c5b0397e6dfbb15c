#include "app/settings_table.hpp"

#include "socketio/engineio/options.hpp"

namespace app {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kGiB = 1024 * 1024 * 1024;

void bind_server(Settings& s, SettingsTable& table) {
  auto& server = s.server;
  table.text("server.host", server.host, "address to listen on; other than loopback needs TLS or insecure_plaintext");
  table.number("server.port", server.port, 0, 65'535, "TCP port; 0 lets the system choose");
  table.number("server.shards", server.shards, 0, std::int64_t{engineio::kMostShards},
               "event-loop threads, at most 64; 0 = one per core");
  table.number("server.read_threads", server.read_threads, 1, 256, "threads for reads that may touch the disk");
  table.text("server.web_root", server.web_root,
             "directory of the web page; empty = `web` beside the binary, none = no page");
  table.flag("server.insecure_plaintext", server.insecure_plaintext, "allow HTTP on an address that is not loopback");
  table.list("server.allowed_origins", server.allowed_origins,
             "browser origins that may connect besides the server's own page; * = all");
  table.list("server.trusted_proxies", server.trusted_proxies,
             "addresses and networks (10.0.0.0/8) whose X-Forwarded-For is believed");
  table.number("server.max_connections", server.max_connections, 0, 10'000'000,
               "open TCP connections; beyond it a connection is closed on accept; 0 = what the limit of open files "
               "allows, at most 200000");
  table.number("server.max_unjoined", server.max_unjoined, 1, 10'000'000,
               "connections that are still authenticating; beyond it a handshake is refused");
  table.number("server.max_unjoined_per_address", server.max_unjoined_per_address, 0, 10'000'000,
               "those of one address (IPv6: /64; loopback and trusted proxies are exempt); 0 = no limit");
  table.number("server.ping_interval_ms", server.ping_interval_ms, 50, kDayMs, "milliseconds between heartbeats");
  table.number("server.ping_timeout_ms", server.ping_timeout_ms, 50, kDayMs,
               "milliseconds to wait for a heartbeat's answer");
  table.number("server.join_timeout_ms", server.join_timeout_ms, 50, kDayMs,
               "milliseconds until a connection must have authenticated");
  table.number("server.max_payload_bytes", server.max_payload_bytes, 1024, kGiB,
               "largest polling body and WebSocket message");
  table.number("server.max_buffered_bytes", server.max_buffered_bytes, 64 * 1024, kGiB,
               "unsent bytes at which a slow reader is disconnected");
  table.number("server.drain_timeout_ms", server.drain_timeout_ms, 0, kDayMs,
               "milliseconds that SIGTERM waits for connections to finish");
  table.text("tls.certificate", s.tls.certificate, "PEM file with the certificate chain");
  table.text("tls.key", s.tls.key, "PEM file with the private key");
}

void bind_storage(Settings& s, SettingsTable& table) {
  auto& storage = s.storage;
  table.text("storage.path", storage.path, "data directory (store, keys, secrets)");
  table.choice("storage.engine", storage.engine, "rocksdb|mongodb", "the store: embedded, or a MongoDB replica set");
  table.text("storage.mongodb_uri", storage.mongodb_uri,
             "connection string of the engine mongodb; best handed in by the environment, as it may hold a password");
  table.number(
      "storage.min_free", storage.min_free, -1, INT64_MAX,
      "bytes of free space, less what memory has still to write, below which messages and registrations are refused; "
      "below an eighth of it everything that writes is; -1 = the smaller of 5 % and 512 MiB");
  table.number("storage.block_cache_bytes", storage.block_cache_bytes, 1024 * 1024, INT64_MAX, "cache of store blocks");
  table.number("storage.write_buffer_bytes", storage.write_buffer_bytes, 1024 * 1024, INT64_MAX,
               "memory of recent writes, at most a 32nd of the disk; bounds what a start replays");
  table.text(
      "redis.uri", s.redis.uri,
      "redis://[USER:PASSWORD@]HOST:PORT (rediss: TLS; +sentinel, +cluster: see Redis in operations.md), where several "
      "nodes give each other hints; empty = none");
  table.text("redis.ca_file", s.redis.ca_file,
             "PEM file of the authorities that TLS to Redis and its Sentinels trusts; empty = those of the system");
  table.choice("redis.broadcaster", s.redis.broadcaster, "classic|sharded|off",
               "protocol of @socket.io/redis-adapter in which other programs emit to this server's clients; with "
               "redis.uri only");
  table.text("redis.broadcaster_prefix", s.redis.broadcaster_prefix,
             "of its channels, the same on all servers; another one keeps two installations on one Redis apart");
}

void bind_delivery(Settings& s, SettingsTable& table) {
  auto& delivery = s.delivery;
  table.choice("delivery.confirm", delivery.confirm, "ack|heartbeat",
               "how clients confirm unless CONNECT says otherwise");
  table.number("delivery.window_entries", delivery.window_entries, 1, 4096, "messages in flight to one device");
  table.number("delivery.window_bytes", delivery.window_bytes, 16 * 1024, kGiB, "bytes in flight to one device");
  table.number("delivery.batch_entries", delivery.batch_entries, 1, 4096,
               "largest batch for clients that asked for batches");
  table.number("delivery.batch_bytes", delivery.batch_bytes, 16 * 1024, kGiB,
               "bytes of such a batch on the wire; an entry that is longer goes alone");
  table.number("delivery.silent_ms", delivery.silent_ms, 100, kDayMs,
               "milliseconds without confirmation after which a session is suspect");
  table.number("delivery.unconfirmed_ms", delivery.unconfirmed_ms, 100, kDayMs,
               "milliseconds without confirmation after which its transport is closed");
  table.number("delivery.offline_grace_ms", delivery.offline_grace_ms, 0, kDayMs,
               "milliseconds until a disconnect is announced; a reconnect within it is not");
  table.number("delivery.retained_entries", delivery.retained_entries, 0, 1'000'000,
               "confirmed entries kept per mailbox for clients that resume from an older position");
  table.number("delivery.expiry_seconds", delivery.expiry_seconds, 0, 10 * 365 * 86'400,
               "seconds after which a message that no device has confirmed is given up; 0 = never");
}

void bind_auth_and_log(Settings& s, SettingsTable& table) {
  auto& auth = s.auth;
  table.number("auth.access_token_seconds", auth.access_token_seconds, 1, 900, "life of an access token");
  table.number("auth.refresh_token_days", auth.refresh_token_days, 1, 30, "life of a login without use");
  table.number("auth.argon2_memory_kib", auth.argon2_memory_kib, 8, 1024 * 1024, "memory of one password hash");
  table.number("auth.argon2_passes", auth.argon2_passes, 1, 16, "passes of one password hash");
  table.number("auth.argon2_concurrency", auth.argon2_concurrency, 0, 256,
               "password hashes at the same time; 0 = what 256 MiB and the cores allow");
  table.choice("log.level", s.log.level, "debug|info|warning|error", "least important line that is logged");
  table.choice("log.format", s.log.format, "text|json", "form of a log line");
}

void bind_push(Settings& s, SettingsTable& table) {
  auto& push = s.push;
  table.number("push.grace_ms", push.grace_ms, 0, kDayMs,
               "milliseconds between a message (or the end of the session) and its push");
  table.number("push.concurrency", push.concurrency, 1, 1000, "pushes under way at one provider");
  table.flag("push.data_only", push.data_only, "wake the app without showing anything (iOS throttles this)");
  table.text("push.fcm_service_account", push.fcm_service_account,
             "service-account key file (JSON) of the Firebase project; empty = no FCM");
  table.text("push.fcm_base_url", push.fcm_base_url, "FCM's address; another one is for tests");
  table.flag("push.webpush", push.webpush, "push to browsers (VAPID keys are made at the first start)");
  table.text("push.webpush_subject", push.webpush_subject,
             "whom a browser vendor may write to about our pushes: mailto: or https:");
  table.list("push.webpush_allowed_hosts", push.webpush_allowed_hosts,
             "push services that a browser may name; *.example.com = all below it");
  table.flag("push.allow_private_addresses", push.allow_private_addresses,
             "let endpoints resolve to addresses that are not public; for tests");
  table.text("push.ca_file", push.ca_file, "PEM file of certificates trusted besides the system's; for tests");
}

void bind_limits(Settings& s, SettingsTable& table) {
  auto& limits = s.limits;
  const auto add = [&](std::string_view key, std::uint32_t& field, std::string_view explanation) {
    table.rows.push_back({key, &field, explanation, 0, UINT32_MAX, {}});
  };
  add("limits.messages_per_minute", limits.messages_per_minute,
      "messages a user may send in any 60 s; 0 = off (all limits)");
  add("limits.bytes_per_second", limits.bytes_per_second, "bytes of message content a user may send");
  add("limits.events_per_second", limits.events_per_second,
      "other events of one socket; five seconds' worth may come at once, and three seconds' worth, at least 60, is "
      "what a user may change over HTTP in a minute; 0 lifts the limit of refreshes as well");
  add("limits.logins_per_minute", limits.logins_per_minute,
      "log-in attempts of one address (loopback and trusted proxies exempt)");
  add("limits.registrations_per_hour", limits.registrations_per_hour, "registrations of one address, likewise");
  add("limits.connects_per_second", limits.connects_per_second, "TCP connects of one address, likewise");
  add("limits.connections_per_address", limits.connections_per_address,
      "open TCP connections of one address, likewise");
  add("limits.friend_requests_per_day", limits.friend_requests_per_day, "friend requests of one user");
  add("limits.lookups_per_minute", limits.lookups_per_minute,
      "look-ups of other users by name, per user; a change of name or e-mail address is one");
  add("limits.devices_per_user", limits.devices_per_user,
      "devices of one user; the least recently used one that is certain to be offline goes");
}

}  // namespace

std::vector<Setting> bind_settings(Settings& settings) {
  SettingsTable table;
  bind_server(settings, table);
  bind_storage(settings, table);
  bind_delivery(settings, table);
  bind_push(settings, table);
  bind_auth_and_log(settings, table);
  bind_limits(settings, table);
  return std::move(table.rows);
}

}  // namespace app
