#pragma once
// Timers by the hundred thousand: every connection and session has a few, nearly all are cancelled before they fire.
//
// A wheel of two levels. Level 0 has one slot per tick of 8 ms and covers 4 s; level 1 has one slot per turn of level 0
// and covers 35 min (what lies further away waits in its last slot and is sorted again when it comes up). Arming and
// cancelling link and unlink a node: O(1), no allocation. A bit per slot says where timers may be, so that the owner
// can sleep until the next one: an idle wheel wakes nobody.
//
// A timer never fires early, and up to one tick late. Not thread-safe: a wheel belongs to one shard.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace aio {

class TimerWheel;

/// One deadline, meant as a member of what it watches (48 bytes). Cancelled on destruction. Neither copies nor moves:
/// the wheel links to it. The callback may arm, cancel or destroy any timer, this one too.
class Timer {
 public:
  using Callback = void (*)(void* context);

  Timer(Callback callback, void* context) noexcept : callback_(callback), context_(context) {}
  /// `Timer::member<&Session::on_deadline>(*this)` in a constructor's initialiser list.
  template <auto Method, class Object>
  static Timer member(Object& object) noexcept {
    return Timer([](void* context) { (static_cast<Object*>(context)->*Method)(); }, &object);
  }
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void cancel() noexcept;
  [[nodiscard]] bool armed() const noexcept { return wheel_ != nullptr; }
  /// What it was last armed for.
  [[nodiscard]] base::SteadyTime deadline() const noexcept { return deadline_; }

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this node
  TimerWheel* wheel_ = nullptr;
  base::SteadyTime deadline_{};
  Callback callback_;
  void* context_;
};
static_assert(sizeof(Timer) == 48);

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{8};

  /// `clock` must outlive the wheel.
  explicit TimerWheel(const base::Clock& clock);
  /// Timers that are still armed are cancelled without a call.
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Arms `timer`, or moves it. A deadline in the past fires at the next advance that is a tick later than now.
  void arm(Timer& timer, base::SteadyTime deadline);
  void arm_after(Timer& timer, std::chrono::milliseconds delay) { arm(timer, clock_.steady_now() + delay); }

  /// Runs the callbacks of everything due at `now`, in the order of their ticks.
  void advance(base::SteadyTime now);
  /// When advance() must be called next; nullopt: nothing is armed. May be early (sorting, cancelled timers), never
  /// late.
  [[nodiscard]] std::optional<base::SteadyTime> next_due();

  [[nodiscard]] std::size_t armed_count() const noexcept { return count_; }

 private:
  friend class Timer;
  static constexpr unsigned kSlotBits = 9;
  static constexpr std::uint64_t kSlots = 1u << kSlotBits;
  static constexpr std::uint64_t kSlotMask = kSlots - 1;
  struct Level {
    std::array<Timer*, kSlots> slots{};
    std::array<std::uint64_t, kSlots / 64> occupied{};
    void push(std::uint64_t slot, Timer& timer) noexcept;
    /// Distance from `from` (inclusive) to the next slot that holds a timer, going round once.
    std::optional<std::uint64_t> distance_to_next(std::uint64_t from) noexcept;
  };

  static std::uint64_t tick_floor(base::SteadyTime time) noexcept;
  static std::uint64_t tick_ceil(base::SteadyTime time) noexcept;
  void place(Timer& timer, std::uint64_t earliest) noexcept;
  std::optional<std::uint64_t> next_tick() noexcept;
  void cascade() noexcept;
  void fire_slot();

  const base::Clock& clock_;
  std::uint64_t current_;  // the last tick that was handled
  std::size_t count_ = 0;
  Timer* firing_ = nullptr;
  Level near_;
  Level far_;
};

}  // namespace aio
