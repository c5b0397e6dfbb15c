#include "app/metrics_page.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace app {
namespace {

using Number = std::atomic<std::uint64_t>;

base::Function<double()> read_of(const Number& number) {
  return [&number] { return static_cast<double>(number.load(std::memory_order_relaxed)); };
}

double open_descriptors() {
  double count = 0;
  if (DIR* directory = ::opendir("/proc/self/fd")) {
    while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.' ? 1 : 0;
    ::closedir(directory);
    count -= 1;  // the one that this listing took
  }
  return count;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    constexpr double kMicroseconds = 1e-6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicroseconds;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Space {
  double free = 0;
  double total = 0;
};
Space space_of(const std::string& directory) {
  struct statvfs status{};
  if (::statvfs(directory.c_str(), &status) != 0) return {};
  const auto block = static_cast<double>(status.f_frsize);
  return {static_cast<double>(status.f_bavail) * block, static_cast<double>(status.f_blocks) * block};
}

/// Bytes of all files below a directory. The store's files come and go meanwhile: what is gone counts nothing.
double bytes_below(const std::string& directory) {
  std::error_code error;
  double bytes = 0;
  auto walk = std::filesystem::recursive_directory_iterator(directory, error);
  for (const auto end = std::filesystem::recursive_directory_iterator(); !error && walk != end; walk.increment(error)) {
    std::error_code gone;
    if (walk->is_regular_file(gone)) {
      const auto size = walk->file_size(gone);
      if (!gone) bytes += static_cast<double>(size);
    }
  }
  return bytes;
}

/// bytes_below(), walked at most every kWalkEvery: a big store has thousands of files. For one thread at a time.
class DirectorySize {
 public:
  explicit DirectorySize(std::string directory) : directory_(std::move(directory)) {}
  double operator()() {
    constexpr std::chrono::seconds kWalkEvery{10};
    const auto now = std::chrono::steady_clock::now();
    if (!walked_ || now - *walked_ >= kWalkEvery) {
      walked_ = now;
      bytes_ = bytes_below(directory_);
    }
    return bytes_;
  }

 private:
  std::string directory_;
  std::optional<std::chrono::steady_clock::time_point> walked_;
  double bytes_ = 0;
};

/// Fine around the objective of 100 ms, so that a percentile near it is more than a guess.
constexpr double kDeliveryBounds[] = {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075,
                                      0.1,     0.15,   0.25,  0.5,    1,     2.5,  5,    10,   30,   60};

constexpr const char* kRefusals = "restante_refusals_total";
constexpr const char* kRefusalsHelp = "Refusals by policy and by full queues.";

}  // namespace

void export_engine(base::Registry& registry, const engineio::Counters& counters) {
  const auto count = [&](const char* name, const char* help, const base::Labels& labels, const Number& number) {
    registry.sampled_counter(name, help, labels, read_of(number));
  };
  registry.sampled("restante_connections_open", "TCP connections now", {}, read_of(counters.connections_now));
  registry.sampled("restante_engine_sessions", "Engine.IO sessions now", {}, read_of(counters.sessions_now));
  registry.sampled("restante_websockets", "WebSocket connections now", {}, read_of(counters.websockets_now));
  count("restante_tcp_connections_total", "TCP connections accepted", {}, counters.connections_accepted);
  count("restante_http_requests_total", "HTTP requests", {}, counters.http_requests);
  count("restante_upgrades_total", "Polling sessions that became WebSocket", {}, counters.upgrades);
  count("restante_received_bytes_total", "Bytes read from connections", {}, counters.bytes_received);
  count("restante_sent_bytes_total", "Bytes written to connections", {}, counters.bytes_sent);
  constexpr const char* kClosed = "restante_engine_sessions_closed_total";
  for (std::size_t i = 0; i < counters.sessions_closed.size(); ++i)
    count(kClosed, "Engine.IO sessions by how they ended",
          {{"reason", std::string(to_string(static_cast<engineio::CloseReason>(i)))}}, counters.sessions_closed[i]);
  constexpr const char* kConnections = "restante_connections_total";
  constexpr const char* kHelp = "Attempts to connect, by outcome";
  count(kConnections, kHelp, {{"outcome", "address_limit"}}, counters.refused_address_limit);
  count(kConnections, kHelp, {{"outcome", "connection_limit"}}, counters.refused_connection_limit);
  count(kConnections, kHelp, {{"outcome", "session_limit"}}, counters.refused_session_limit);
  count(kConnections, kHelp, {{"outcome", "origin"}}, counters.refused_origin);
  count(kConnections, kHelp, {{"outcome", "refused"}}, counters.refused_by_hook);
  count(kConnections, kHelp, {{"outcome", "bad_handshake"}}, counters.refused_handshake);
  count(kConnections, kHelp, {{"outcome", "bad_http"}}, counters.bad_http);
  count(kConnections, kHelp, {{"outcome", "timeout"}}, counters.timed_out);
}

void export_gateway(base::Registry& registry, const gateway::Counters& counters) {
  const auto count = [&](const char* name, const char* help, const base::Labels& labels, const Number& number) {
    registry.sampled_counter(name, help, labels, read_of(number));
  };
  registry.sampled("restante_sessions", "Authenticated device sessions now", {}, read_of(counters.sessions_now));
  registry.sampled("restante_authenticating", "Connections that are being admitted now", {},
                   read_of(counters.authenticating_now));
  constexpr const char* kConnections = "restante_connections_total";
  constexpr const char* kHelp = "Attempts to connect, by outcome";
  count(kConnections, kHelp, {{"outcome", "accepted"}}, counters.connects_accepted);
  count(kConnections, kHelp, {{"outcome", "unauthorized"}}, counters.connects_unauthorized);
  count(kConnections, kHelp, {{"outcome", "invalid"}}, counters.connects_invalid);
  count(kConnections, kHelp, {{"outcome", "overloaded"}}, counters.connects_overloaded);
  count(kConnections, kHelp, {{"outcome", "replaced"}}, counters.connects_replaced);
  count(kConnections, kHelp, {{"outcome", "failed"}}, counters.connects_failed);
  count(kRefusals, kRefusalsHelp, {{"reason", "events_per_second"}}, counters.events_rate_limited);
  count(kRefusals, kRefusalsHelp, {{"reason", "forged_event"}}, counters.events_forged);
  constexpr const char* kReconnects = "restante_reconnects_total";
  constexpr const char* kReconnectsHelp = "Accepted connections of devices that were here before, by their position";
  count(kReconnects, kReconnectsHelp, {{"result", "recovered"}}, counters.reconnects_recovered);
  count(kReconnects, kReconnectsHelp, {{"result", "reset"}}, counters.reconnects_reset);
  count(kReconnects, kReconnectsHelp, {{"result", "plain"}}, counters.reconnects_plain);
  count("restante_events_invalid_total", "Client events with a wrong argument or name", {}, counters.events_invalid);
  count("restante_sessions_closed_total", "Sessions that the server cut off", {{"cause", "unconfirmed"}},
        counters.closed_unconfirmed);
  count("restante_sessions_closed_total", "Sessions that the server cut off", {{"cause", "no_key"}},
        counters.closed_without_key);
  count("restante_sessions_closed_total", "Sessions that the server cut off", {{"cause", "flooding"}},
        counters.closed_flooding);
  count("restante_sessions_stalled_total", "Sessions whose client never confirmed anything", {}, counters.stalled);
  count("restante_messages_confirmed_total", "Messages that devices said they have stored", {},
        counters.messages_confirmed);
}

gateway::Timings make_timings(base::Registry& registry) {
  return {.delivery = &registry.histogram("restante_delivery_seconds",
                                          "Accepted to confirmed by a device that was connected when it was accepted",
                                          kDeliveryBounds),
          .offline_wait = &registry.histogram("restante_offline_wait_seconds",
                                              "Accepted to confirmed, of what was pending when the device connected",
                                              base::kWaitBounds),
          .receipt = &registry.histogram("restante_receipt_seconds",
                                         "Confirmed by the recipient to written to a connected device of the author",
                                         kDeliveryBounds),
          .drain =
              &registry.histogram("restante_drain_seconds", "Connected to everything confirmed that was pending then")};
}

void export_queues(base::Registry& registry, const std::vector<aio::Shard*>& shards,
                   const std::vector<std::pair<const char*, const aio::OffloadPool*>>& pools) {
  constexpr const char* kDepth = "restante_queue_depth";
  constexpr const char* kDepthHelp = "Waiting tasks.";
  registry.sampled(kDepth, kDepthHelp, {{"queue", "shards"}}, [shards] {
    std::size_t waiting = 0;
    for (const auto* shard : shards) waiting += shard->posts_waiting();
    return static_cast<double>(waiting);
  });
  for (const auto& [name, pool] : pools) {
    registry.sampled(kDepth, kDepthHelp, {{"queue", name}},
                     [queue = pool] { return static_cast<double>(queue->queued()); });
    registry.sampled_counter(kRefusals, kRefusalsHelp, {{"reason", std::string(name) + "_queue_full"}},
                             [queue = pool] { return static_cast<double>(queue->refused()); });
  }
}

void export_limits(base::Registry& registry, const chat::AccountService& accounts,
                   const chat::RelationService& relations, const api::Api& api) {
  const auto limit = [&](const char* reason, base::Function<std::uint64_t()> refused) {
    registry.sampled_counter(kRefusals, kRefusalsHelp, {{"reason", reason}},
                             [read = std::move(refused)]() mutable { return static_cast<double>(read()); });
  };
  limit("logins_per_minute", [&accounts] { return accounts.refused_logins(); });
  limit("password_guesses", [&accounts] { return accounts.refused_guesses(); });
  limit("registrations_per_hour", [&accounts] { return accounts.refused_registrations(); });
  limit("refreshes_per_minute", [&accounts] { return accounts.refused_refreshes(); });
  limit("lookups_per_minute", [&accounts] { return accounts.refused_lookups(); });
  limit("friend_requests_per_day", [&relations] { return relations.refused_requests(); });
  limit("http_changes", [&api] { return api.refused_writes(); });
}

void export_storage(base::Registry& registry, const std::string& directory) {
  registry.sampled("restante_storage_free_bytes", "Free bytes of the file system that holds the data directory", {},
                   [directory] { return space_of(directory).free; });
  registry.sampled("restante_storage_total_bytes", "Size of the file system that holds the data directory", {},
                   [directory] { return space_of(directory).total; });
  registry.sampled("restante_storage_bytes", "Bytes of all files in the data directory", {}, DirectorySize(directory));
}

void export_process(base::Registry& registry, const base::Clock& clock) {
  const double started = std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
  registry.sampled("process_start_time_seconds", "Start of the process, seconds since 1970", {},
                   [started] { return started; });
  registry.sampled("process_resident_memory_bytes", "Resident memory", {}, [] { return resident_bytes(); });
  registry.sampled_counter("process_cpu_seconds_total", "Processor time, user and system", {},
                           [] { return processor_seconds(); });
  registry.sampled("process_open_fds", "Open file descriptors", {}, [] { return open_descriptors(); });
}

}  // namespace app
