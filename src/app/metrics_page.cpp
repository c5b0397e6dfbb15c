#include "app/metrics_page.hpp"

#include <dirent.h>
#include <unistd.h>

#include <fstream>

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
  count("restante_refusals_total", "Refusals by policy and by full queues", {{"reason", "events_per_second"}},
        counters.events_rate_limited);
  count("restante_events_invalid_total", "Client events with a wrong argument or name", {}, counters.events_invalid);
  count("restante_sessions_closed_total", "Sessions that the server cut off", {{"cause", "unconfirmed"}},
        counters.closed_unconfirmed);
  count("restante_sessions_closed_total", "Sessions that the server cut off", {{"cause", "flooding"}},
        counters.closed_flooding);
  count("restante_sessions_stalled_total", "Sessions whose client never confirmed anything", {}, counters.stalled);
  count("restante_messages_confirmed_total", "Messages that devices said they have stored", {},
        counters.messages_confirmed);
}

void export_push(base::Registry& registry) {
  // No provider is spoken to yet; the family is there so that dashboards and alerts can be written against it.
  for (const char* provider : {"fcm", "webpush"})
    registry.counter("restante_push_total", "Push attempts, by provider and outcome",
                     {{"provider", provider}, {"outcome", "accepted"}});
}

void export_process(base::Registry& registry, const base::Clock& clock) {
  const double started = std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
  registry.sampled("process_start_time_seconds", "Start of the process, seconds since 1970", {},
                   [started] { return started; });
  registry.sampled("process_resident_memory_bytes", "Resident memory", {}, [] { return resident_bytes(); });
  registry.sampled("process_open_fds", "Open file descriptors", {}, [] { return open_descriptors(); });
}

}  // namespace app
