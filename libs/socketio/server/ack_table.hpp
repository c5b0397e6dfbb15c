#pragma once
// AckTable: the answers that one socket still owes us, each with a deadline. Internal; exists only for sockets that
// were asked something; shard thread only.

#include <unordered_map>

#include "aio/timer_wheel.hpp"
#include "base/clock.hpp"
#include "socketio/server/event.hpp"

namespace socketio {

class Socket;

class AckTable {
 public:
  AckTable(Socket& socket, aio::TimerWheel& timers, const std::size_t capacity)
      : socket_(socket),
        timers_(timers),
        capacity_(capacity),
        timer_(aio::Timer::member<&AckTable::on_deadline>(*this)) {}

  [[nodiscard]] bool full() const { return entries_.size() >= capacity_; }
  /// Without a callback the outcome goes to the socket's handler. `now` is the time of the call.
  void add(AckId id, AckCallback callback, base::SteadyTime now, std::chrono::milliseconds timeout);
  /// False: not in the table.
  bool settle(const Ack& ack);
  /// The socket has left: callbacks hear kDisconnected.
  void abandon();

 private:
  struct Entry {
    base::SteadyTime deadline;
    AckCallback callback;
  };
  void on_deadline();
  void arm_for_earliest();

  Socket& socket_;
  aio::TimerWheel& timers_;
  std::size_t capacity_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  aio::Timer timer_;
};

}  // namespace socketio
