#include "aio/readiness.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/check.hpp"

namespace aio {

ReadinessSet::ReadinessSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  CHECK(epoll_ >= 0);
}

ReadinessSet::~ReadinessSet() {
  ::close(epoll_);
}

bool ReadinessSet::add(int descriptor, Watched& watched, std::uint32_t interest) {
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &watched;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void ReadinessSet::change(int descriptor, Watched& watched, std::uint32_t interest) {
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &watched;
  CHECK(::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) == 0);
}

void ReadinessSet::remove(int descriptor, Watched& watched) {
  epoll_event ignored{};
  CHECK(::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &ignored) == 0);
  for (int i = next_; i < fetched_; ++i)
    if (events_[static_cast<std::size_t>(i)].data.ptr == &watched)
      events_[static_cast<std::size_t>(i)].data.ptr = nullptr;
}

int ReadinessSet::dispatch() {
  const int fetched = ::epoll_wait(epoll_, events_.data(), kBatch, 0);
  if (fetched <= 0) {
    CHECK(fetched == 0 || errno == EINTR);
    return 0;
  }
  fetched_ = fetched;
  for (next_ = 0; next_ < fetched_;) {
    const epoll_event event = events_[static_cast<std::size_t>(next_++)];
    if (event.data.ptr != nullptr) static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
  fetched_ = 0;
  return fetched;
}

}  // namespace aio
