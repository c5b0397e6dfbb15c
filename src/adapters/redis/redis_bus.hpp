#pragma once
// RedisBus: notes between nodes over one pub/sub channel of Redis. At most once, as pub/sub is: nothing here is needed
// for anything but speed (I8). What a node has published itself it does not hear.
//
// Owner: the application. publish() is for any thread and never waits; what cannot leave is dropped and counted.
// listen() connects; its callback runs on the bus' thread. After every (re)connection one kCommitted is heard from
// nobody, because notes may have been missed. The destructor joins the thread: no callback comes after it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "chat/ports/node_bus.hpp"
#include "redis/options.hpp"

namespace adapters::redis {

struct BusOptions {
  /// This node's name, unique among the nodes; 1 to 64 bytes.
  std::string node;
  ::redis::Options server;
  std::string channel = "restante:notes";
  /// Notes that wait for the bus' thread; more are dropped.
  std::size_t max_waiting = 4'096;
};

class RedisBus final : public chat::NodeBus {
 public:
  explicit RedisBus(const BusOptions& options);
  ~RedisBus() override;
  RedisBus(const RedisBus&) = delete;
  RedisBus& operator=(const RedisBus&) = delete;

  void publish(const chat::NodeNote& note) override;
  void listen(std::function<void(const chat::NodeNote&)> hear) override;
  [[nodiscard]] bool up() const override;

  // For metrics.
  /// Notes that were published while nothing could leave.
  [[nodiscard]] std::uint64_t drops() const;
  /// Payloads on the channel that no node of this version writes.
  [[nodiscard]] std::uint64_t rubbish() const;
  [[nodiscard]] std::uint64_t heard() const;

 private:
  class Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace adapters::redis
