#pragma once
// A real Redis Cluster for tests: three masters with a third of the slots each, and a replica of each. Tests only.

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/redis/redis_server_testing.hpp"
#include "redis/key_slot.hpp"

namespace adapters::redis {

class RedisCluster {
 public:
  static constexpr std::size_t kMasters = 3;
  /// How long a master is missed before its replica takes over, besides an election.
  static constexpr const char* kNodeTimeout = "2000";

  RedisCluster() {
    for (std::size_t i = 0; i < 2 * kMasters; ++i) {
      servers_.push_back(std::make_unique<RedisServer>(
          std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-node-timeout", kNodeTimeout,
                                   "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"}));
    }
    for (std::size_t i = 0; i < kMasters; ++i) {
      node(i).run({"CLUSTER", "ADDSLOTSRANGE", std::to_string(first_slot(i)), std::to_string(first_slot(i + 1) - 1)});
    }
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      node(i).run({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
      if (i > 0) node(0).run({"CLUSTER", "MEET", "127.0.0.1", port(i)});
    }
    require([&](std::size_t i) { return info(i, "CLUSTER", "INFO", "cluster_known_nodes:6"); });
    for (std::size_t i = 0; i < kMasters; ++i) node(kMasters + i).run({"CLUSTER", "REPLICATE", id(i)});
    require([&](std::size_t i) {
      return info(i, "CLUSTER", "INFO", "cluster_state:ok") &&
             (i < kMasters || info(i, "INFO", "replication", "master_link_status:up"));
    });
    // Each master has heard that it has a replica, which takes a moment longer than the replica to know it.
    require([&](std::size_t i) { return replicas_known(i) == kMasters; });
  }

  /// The first `kMasters` are masters to begin with, and `kMasters + i` is the replica of `i`.
  RedisServer& node(std::size_t index) { return *servers_[index]; }
  std::string port(std::size_t index) { return std::to_string(node(index).options().endpoint.port); }
  std::string id(std::size_t index) { return node(index).text({"CLUSTER", "MYID"}); }
  /// Of the masters as they were to begin with.
  static std::size_t master_of(std::string_view key) {
    std::size_t master = 0;
    while (::redis::key_slot(key) >= first_slot(master + 1)) ++master;
    return master;
  }
  /// Names the three masters.
  [[nodiscard]] ::redis::Options options() const {
    ::redis::Options options;
    for (std::size_t i = 0; i < kMasters; ++i) {
      options.endpoint.seeds.push_back({"127.0.0.1", servers_[i]->options().endpoint.port});
    }
    return options;
  }
  bool is_master(std::size_t index) { return info(index, "INFO", "replication", "role:master"); }

 private:
  static std::size_t first_slot(std::size_t master) { return master * ::redis::kSlots / kMasters; }
  bool info(std::size_t index, std::string_view command, std::string_view about, std::string_view what) {
    return node(index).text({command, about}).find(what) != std::string::npos;
  }
  std::size_t replicas_known(std::size_t index) {
    const auto text = node(index).text({"CLUSTER", "NODES"});
    std::size_t count = 0;
    for (auto at = text.find("slave "); at != std::string::npos; at = text.find("slave ", at + 1)) ++count;
    return count;
  }
  void require(const std::function<bool(std::size_t)>& of_each) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (!eventually([&] { return of_each(i); })) throw std::runtime_error("no cluster comes about");
    }
  }

  std::vector<std::unique_ptr<RedisServer>> servers_;
};

}  // namespace adapters::redis
