// prepare_replica_set() before servers that take a connection and do not answer, or close it, as one that is starting
// does.

#include "adapters/mongodb/replica_set.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mongo_server.hpp"

namespace conformance {
namespace {

using adapters::mongodb::prepare_replica_set;

enum class Fault : std::uint8_t {
  kMute,   // greets, takes the first command, never answers it
  kClose,  // closed as soon as it is accepted
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int socket_or_throw() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error("no socket");
  return made;
}

/// In front of a real server; its `nth` connection (from 1) goes wrong, all others are handed on.
class FaultyFront {
 public:
  FaultyFront(int server, int nth, Fault fault) : server_(server), nth_(nth), fault_(fault) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~FaultyFront() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (auto& each : connections_) each.join();
    ::close(listener_);
  }
  FaultyFront(const FaultyFront&) = delete;
  FaultyFront& operator=(const FaultyFront&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  void accept_all() {
    while (!stopping_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const bool faulty = ++accepted_ == nth_;
      connections_.emplace_back([this, client, faulty] {
        if (!faulty || fault_ != Fault::kClose) hand_on(client, faulty);
        ::close(client);
      });
    }
  }

  void hand_on(int client, bool faulty) {
    const int server = socket_or_throw();
    const auto address = loopback(server_);
    bool mute = false;
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      while (!stopping_) {
        std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
        ::poll(ends.data(), ends.size(), 20);
        if (ends[0].revents != 0 && !move_bytes(client, mute ? -1 : server)) break;
        if (ends[1].revents == 0) continue;
        if (!move_bytes(server, client)) break;
        mute = faulty;  // greeted
      }
    }
    ::close(server);
  }

  /// `to` -1: nowhere. False: the end.
  static bool move_bytes(int from, int to) {
    std::array<char, 16 * 1024> bytes;
    const auto size = ::recv(from, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    return to < 0 || ::send(to, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
  }

  const int server_;
  const int nth_;
  const Fault fault_;
  const int listener_ = socket_or_throw();
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> stopping_{false};
  std::thread accepting_;
  std::vector<std::thread> connections_;  // of the accepting thread until it has ended
};

int port_of(const std::string& uri) {
  const auto begin = uri.rfind(':', uri.find("/?")) + 1;
  return std::stoi(uri.substr(begin));
}

class PrepareBehindFaults : public ::testing::TestWithParam<Fault> {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::program_missing()) GTEST_SKIP() << *missing;
  }
};

TEST_P(PrepareBehindFaults, GoesOnWhicheverConnectionGoesWrong) {
  const MongoServers servers(1);
  // Asking, looking at the configuration, changing it, and whether there is a primary.
  for (int nth = 1; nth <= 4; ++nth) {
    const FaultyFront front(port_of(servers.uri()), nth, GetParam());
    const auto done = prepare_replica_set({.members = {front.address()},
                                           .patience = std::chrono::minutes(2),
                                           .answer_within = std::chrono::milliseconds(500)});
    EXPECT_TRUE(done.ok()) << "connection " << nth << ": " << (done ? "" : done.error());
    EXPECT_GE(front.accepted(), nth);
  }
}

TEST(PrepareReplicaSet, GivesUpWhenPatienceIsOver) {
  const auto done = prepare_replica_set({.members = {"127.0.0.1:1"},
                                         .patience = std::chrono::milliseconds(100),
                                         .answer_within = std::chrono::milliseconds(500)});
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().find("does not answer in time"), std::string::npos) << done.error();
}

INSTANTIATE_TEST_SUITE_P(Faults, PrepareBehindFaults, ::testing::Values(Fault::kMute, Fault::kClose),
                         [](const auto& given) { return given.param == Fault::kMute ? "Mute" : "Close"; });

}  // namespace
}  // namespace conformance
