#include "aio/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.hpp"

namespace aio {

void Timer::cancel() noexcept {
  if (wheel_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  --wheel_->count_;
  next_ = nullptr;
  link_ = nullptr;
  wheel_ = nullptr;
}

void TimerWheel::Level::push(std::uint64_t slot, Timer& timer) noexcept {
  Timer*& head = slots[slot];
  timer.next_ = head;
  timer.link_ = &head;
  if (head != nullptr) head->link_ = &timer.next_;
  head = &timer;
  occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

std::optional<std::uint64_t> TimerWheel::Level::distance_to_next(std::uint64_t from) noexcept {
  constexpr std::uint64_t kWords = kSlots / 64;
  const std::uint64_t first = from & kSlotMask;
  // One word more than there are: the first word's low bits are the farthest slots.
  for (std::uint64_t step = 0; step <= kWords; ++step) {
    const std::uint64_t word = (first / 64 + step) % kWords;
    std::uint64_t bits = occupied[word];
    if (step == 0) bits &= ~std::uint64_t{0} << (first % 64);
    if (step == kWords) bits &= ~(~std::uint64_t{0} << (first % 64));
    for (; bits != 0; bits &= bits - 1) {
      const std::uint64_t slot = word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits));
      if (slots[slot] != nullptr) return (slot - first) & kSlotMask;
      occupied[word] &= ~(std::uint64_t{1} << (slot % 64));  // its timers were cancelled
    }
  }
  return std::nullopt;
}

TimerWheel::TimerWheel(const base::Clock& clock) : clock_(clock), current_(tick_floor(clock.steady_now())) {}

TimerWheel::~TimerWheel() {
  for (Level* level : {&near_, &far_})
    for (Timer*& head : level->slots)
      while (head != nullptr) head->cancel();
}

std::uint64_t TimerWheel::tick_floor(base::SteadyTime time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch() / kTick);
}

std::uint64_t TimerWheel::tick_ceil(base::SteadyTime time) noexcept {
  const auto since = std::max(time.time_since_epoch(), base::SteadyTime::duration::zero());
  return static_cast<std::uint64_t>((since + kTick - base::SteadyTime::duration(1)) / kTick);
}

void TimerWheel::arm(Timer& timer, base::SteadyTime deadline) {
  timer.cancel();
  // Nothing to catch up with: start from now, or the idle time would be walked through.
  if (count_ == 0) current_ = std::max(current_, tick_floor(clock_.steady_now()));
  timer.deadline_ = deadline;
  timer.wheel_ = this;
  ++count_;
  place(timer, current_ + 1);
}

void TimerWheel::place(Timer& timer, std::uint64_t earliest) noexcept {
  const std::uint64_t tick = std::max(tick_ceil(timer.deadline_), earliest);
  if (tick - current_ < kSlots) {
    near_.push(tick & kSlotMask, timer);
    return;
  }
  const std::uint64_t turn = current_ >> kSlotBits;
  const std::uint64_t ahead = std::min((tick >> kSlotBits) - turn, kSlots - 1);
  far_.push((turn + ahead) & kSlotMask, timer);
}

std::optional<std::uint64_t> TimerWheel::next_tick() noexcept {
  std::optional<std::uint64_t> next;
  if (const auto near = near_.distance_to_next(current_ + 1)) next = current_ + 1 + *near;
  const std::uint64_t turn = (current_ >> kSlotBits) + 1;
  if (const auto far = far_.distance_to_next(turn)) {
    const std::uint64_t starts = (turn + *far) << kSlotBits;
    next = next ? std::min(*next, starts) : starts;
  }
  return next;
}

std::optional<base::SteadyTime> TimerWheel::next_due() {
  if (count_ == 0) return std::nullopt;
  const auto next = next_tick();
  CHECK(next.has_value());
  return base::SteadyTime(kTick * static_cast<std::int64_t>(*next));
}

void TimerWheel::advance(base::SteadyTime now) {
  const std::uint64_t target = tick_floor(now);
  while (current_ < target) {
    const auto next = count_ == 0 ? std::nullopt : next_tick();
    if (!next || *next > target) {
      current_ = target;
      return;
    }
    current_ = *next;
    if ((current_ & kSlotMask) == 0) cascade();
    fire_slot();
  }
}

void TimerWheel::cascade() noexcept {
  Timer*& head = far_.slots[(current_ >> kSlotBits) & kSlotMask];
  Timer* pending = std::exchange(head, nullptr);
  while (pending != nullptr) {
    Timer* const timer = std::exchange(pending, pending->next_);
    place(*timer, current_);
  }
}

void TimerWheel::fire_slot() {
  // The list is taken aside, so that what callbacks arm is not run in the same round; cancelling still unlinks from it.
  firing_ = std::exchange(near_.slots[current_ & kSlotMask], nullptr);
  if (firing_ != nullptr) firing_->link_ = &firing_;
  while (firing_ != nullptr) {
    Timer& timer = *firing_;
    timer.cancel();
    timer.callback_(timer.context_);
  }
}

}  // namespace aio
