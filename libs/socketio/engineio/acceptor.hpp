#pragma once
// Acceptor: one listening socket of one shard. Limits are applied here, before anything is allocated for a connection.

#include "aio/readiness.hpp"
#include "aio/timer_wheel.hpp"

namespace engineio {

class ShardServer;

class Acceptor final : public aio::Watched {
 public:
  /// Takes the descriptor: bound, listening, non-blocking.
  Acceptor(ShardServer& server, int descriptor);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void on_ready(std::uint32_t events) override;

 private:
  /// False: stop for this turn.
  bool accept_one();
  void watch();

  ShardServer& server_;
  int descriptor_;
  bool watched_ = false;
  aio::Timer retry_;
};

}  // namespace engineio
