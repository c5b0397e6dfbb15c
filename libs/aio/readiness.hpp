#pragma once
// ReadinessSet: which of many sockets can be read or written now.
//
// One epoll set per shard, itself a single descriptor in the shard's io_context. An Asio operation per waiting socket
// would cost some 300 bytes each and one epoll_ctl per event; a socket in this set costs nothing of ours and is
// registered once. Level-triggered: what was not read is reported again. Shard thread only.

#include <sys/epoll.h>

#include <array>
#include <cstdint>

namespace aio {

/// Gets the events of one descriptor. May remove itself or any other from the set, and be destroyed, inside the call.
class Watched {
 public:
  /// `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP. Errors and hang-ups come unasked.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

class ReadinessSet {
 public:
  ReadinessSet();
  ~ReadinessSet();
  ReadinessSet(const ReadinessSet&) = delete;
  ReadinessSet& operator=(const ReadinessSet&) = delete;

  /// False when the kernel refuses (out of watches or memory). `watched` must live until remove().
  [[nodiscard]] bool add(int descriptor, Watched& watched, std::uint32_t interest);
  /// The descriptor is in the set.
  void change(int descriptor, Watched& watched, std::uint32_t interest);
  /// Before the descriptor is closed. Events of it that were already fetched are dropped.
  void remove(int descriptor, Watched& watched);

  /// Handles one batch of what is ready now, without waiting; returns how many events there were.
  int dispatch();
  /// The epoll descriptor, readable when dispatch() has something to do.
  [[nodiscard]] int descriptor() const noexcept { return epoll_; }

 private:
  static constexpr int kBatch = 256;  // events per system call: enough to amortise it, small enough to stay in cache
  int epoll_;
  int fetched_ = 0;  // events of the batch being handled
  int next_ = 0;
  std::array<epoll_event, kBatch> events_;
};

}  // namespace aio
