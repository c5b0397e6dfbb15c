// load_generator: several thousand real Socket.IO connections from one thread. Closed loop (each user keeps N messages
// under way), open loop (--rate), idle sessions (--idle) or draining (--drain). Prints one JSON object.

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client.hpp"

namespace load {
namespace {

using Seconds = std::chrono::duration<double>;

std::string string_member(const std::string& line, const std::string& name) {
  const auto key = "\"" + name + "\":\"";
  const auto at = line.find(key);
  if (at == std::string::npos) return {};
  const auto from = at + key.size();
  return line.substr(from, line.find('"', from) - from);
}

std::vector<Account> read_accounts(const Options& options) {
  std::ifstream file(options.tokens);
  std::vector<Account> accounts;
  for (std::string line; accounts.size() < options.users && std::getline(file, line);)
    accounts.push_back({string_member(line, "userId"), string_member(line, "token")});
  if (accounts.size() < options.users || accounts.size() % 2 != 0) {
    std::fprintf(stderr, "%s: needs an even number of accounts, at least %zu\n", options.tokens.c_str(), options.users);
    std::exit(1);
  }
  return accounts;
}

double cpu_seconds_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  double user = 0, system = 0;
  for (int i = 0; i < 13 && fields >> field; ++i) {
    if (i == 11) user = std::stod(field);
    if (i == 12) system = std::stod(field);
  }
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t memory_kib_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  return 0;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Run {
 public:
  explicit Run(const Options& options) : options_(options), accounts_(read_accounts(options)) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    clients_.reserve(accounts_.size());
    for (std::size_t i = 0; i < accounts_.size(); ++i)
      clients_.emplace_back(options_, accounts_[i], accounts_[i ^ 1], tally_);
  }
  ~Run() { ::close(epoll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool connect_all(bool until_drained) {
    std::size_t started = 0, done = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (done < clients_.size()) {
      while (started < clients_.size() && started - done < options_.connecting) {
        if (!clients_[started].connect()) return false;
        watch(started, EPOLL_CTL_ADD);
        ++started;
      }
      if (!turn(100)) return false;
      done = static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(), [&](const Client& client) {
        return client.state() == Client::State::kReady && (client.drained() || !until_drained);
      }));
      if (std::chrono::steady_clock::now() > deadline) {
        std::fprintf(stderr, "only %zu of %zu connected in time\n", done, clients_.size());
        return false;
      }
    }
    return true;
  }

  void run_for(double seconds) {
    const auto end = std::chrono::steady_clock::now() + Seconds(seconds);
    while (std::chrono::steady_clock::now() < end)
      if (!turn(10)) std::exit(1);
  }

  void run_open_loop(double seconds) {
    const auto start = std::chrono::steady_clock::now();
    std::size_t sent = 0;
    for (;;) {
      const double now = Seconds(std::chrono::steady_clock::now() - start).count();
      if (now >= seconds) return;
      for (const auto due = static_cast<std::size_t>(now * options_.rate); sent < due; ++sent) {
        auto& client = clients_[sent % clients_.size()];
        client.send_one();
        after(sent % clients_.size(), client.flush());
      }
      if (!turn(1)) std::exit(1);
    }
  }

  bool turn(int timeout_ms) {
    epoll_event events[256];
    const int count = epoll_wait(epoll_, events, 256, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(events[i].data.u64);
      auto& client = clients_[index];
      bool alive = true;
      if ((events[i].events & EPOLLOUT) != 0) alive = client.on_writable();
      if (alive && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) alive = client.on_readable();
      if (!after(index, alive)) return false;
    }
    return true;
  }

  bool after(std::size_t index, bool alive) {
    if (!alive) {
      ++tally_.broken;
      std::fprintf(stderr, "connection %zu ended\n", index);
      return false;
    }
    watch(index, EPOLL_CTL_MOD);
    return true;
  }

  void start_sending() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].start_sending();
      after(i, clients_[i].flush());
    }
  }
  void stop_sending() {
    for (auto& client : clients_) client.stop_sending();
  }

  Tally& tally() { return tally_; }

 private:
  void watch(std::size_t index, int operation) {
    const bool write = clients_[index].wants_write();
    if (operation == EPOLL_CTL_MOD && watched_writes_[index] == write) return;
    epoll_event event{};
    event.events = EPOLLIN | (write ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
    event.data.u64 = index;
    epoll_ctl(epoll_, operation, clients_[index].descriptor(), &event);
    if (watched_writes_.size() <= index) watched_writes_.resize(clients_.size());
    watched_writes_[index] = write;
  }

  const Options& options_;
  std::vector<Account> accounts_;
  std::vector<Client> clients_;
  std::vector<char> watched_writes_ = std::vector<char>(1);
  Tally tally_;
  int epoll_ = -1;
};

std::uint32_t percentile(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

int run_idle(const Options& options) {
  const auto before = options.server_pid != 0 ? memory_kib_of(options.server_pid) : 0;
  Run run(options);
  if (!run.connect_all(true)) return 1;
  run.run_for(options.seconds);
  const auto after = options.server_pid != 0 ? memory_kib_of(options.server_pid) : 0;
  std::printf("{\"sessions\":%zu,\"rss_before_kib\":%llu,\"rss_after_kib\":%llu,\"bytes_per_session\":%.0f}\n",
              options.users, static_cast<unsigned long long>(before), static_cast<unsigned long long>(after),
              static_cast<double>(after - before) * 1024 / static_cast<double>(options.users));
  return 0;
}

int run_drain(const Options& options) {
  Run run(options);
  const auto start = std::chrono::steady_clock::now();
  if (!run.connect_all(false)) return 1;
  double first = 0;
  while (run.tally().received < options.expected) {
    if (!run.turn(10)) return 1;
    const double now = Seconds(std::chrono::steady_clock::now() - start).count();
    if (first == 0 && run.tally().received > 0) first = now;
    if (now > 120) break;
  }
  const double seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"received\":%llu,\"disordered\":%llu,\"first_seconds\":%.4f,\"seconds\":%.4f}\n",
              static_cast<unsigned long long>(run.tally().received),
              static_cast<unsigned long long>(run.tally().disordered), first, seconds);
  return run.tally().received >= options.expected ? 0 : 1;
}

int run_load(const Options& options) {
  Run run(options);
  if (!run.connect_all(true)) return 1;
  if (options.rate <= 0) {
    run.start_sending();
    run.run_for(options.warmup_seconds);
  } else {
    run.run_open_loop(options.warmup_seconds);
  }
  Tally& tally = run.tally();
  const Tally before = tally;
  const double server_cpu = options.server_pid != 0 ? cpu_seconds_of(options.server_pid) : 0;
  const double own_cpu = own_cpu_seconds();
  tally.counting = true;
  const auto start = std::chrono::steady_clock::now();
  if (options.rate <= 0) {
    run.run_for(options.seconds);
  } else {
    run.run_open_loop(options.seconds);
  }
  tally.counting = false;
  const double seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  const double server_used = options.server_pid != 0 ? cpu_seconds_of(options.server_pid) - server_cpu : 0;
  const double own_used = own_cpu_seconds() - own_cpu;
  const auto turns = static_cast<double>(tally.completed - before.completed);
  run.stop_sending();
  run.run_for(1.0);  // what is under way arrives, so that the totals below can be compared
  std::printf(
      "{\"users\":%zu,\"outstanding\":%zu,\"seconds\":%.2f,\"per_second\":%.0f,\"completion_us\":{\"p50\":%u,\"p99\":%"
      "u},"
      "\"receive_us\":{\"p50\":%u,\"p99\":%u},\"server_cpu\":%.2f,\"server_cpu_us_per_message\":%.1f,"
      "\"generator_cpu\":%.2f,\"sent\":%llu,\"acked\":%llu,\"received\":%llu,\"confirmed\":%llu,\"delivered\":%llu,"
      "\"refused\":%llu,\"disordered\":%llu}\n",
      options.users, options.outstanding, seconds, turns / seconds, percentile(tally.completion_us, 0.5),
      percentile(tally.completion_us, 0.99), percentile(tally.receive_us, 0.5), percentile(tally.receive_us, 0.99),
      server_used / seconds, turns > 0 ? server_used / turns * 1e6 : 0.0, own_used / seconds,
      static_cast<unsigned long long>(tally.sent), static_cast<unsigned long long>(tally.acked),
      static_cast<unsigned long long>(tally.received), static_cast<unsigned long long>(tally.confirmed),
      static_cast<unsigned long long>(tally.delivered), static_cast<unsigned long long>(tally.refused),
      static_cast<unsigned long long>(tally.disordered));
  const bool consistent =
      tally.disordered == 0 && tally.refused == 0 && tally.sent == tally.acked && tally.sent == tally.received;
  return consistent ? 0 : 1;
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  const load::Options options = load::parse_options(argc, argv);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (options.idle) return load::run_idle(options);
  if (options.drain) return load::run_drain(options);
  return load::run_load(options);
}
