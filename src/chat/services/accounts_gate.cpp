#include "chat/services/accounts_gate.hpp"

#include <algorithm>

namespace chat {
namespace {

constexpr int kQuarter = 4;

constexpr FailurePolicy kGuessing{.free = FailureThrottle::kFree,
                                  .first_wait = FailureThrottle::kFirstWait,
                                  .longest_wait = FailureThrottle::kLongestWait,
                                  .forget_after = FailureThrottle::kForgetAfter};

}  // namespace

WindowGate::WindowGate(std::string_view subject, WindowPolicy policy, SharedThrottle* shared, AloneShare share)
    : subject_(subject),
      policy_(policy),
      shared_(policy.limit > 0 ? shared : nullptr),
      here_(policy.limit, policy.window) {
  if (shared_ == nullptr || share == AloneShare::kAll) return;
  alone_.emplace(std::max<std::int64_t>(1, policy.limit / kQuarter), policy.window);
}

void WindowGate::ask(std::string key, base::SteadyTime now, Then then) {
  ThrottleKey asked{subject_, key};
  shared_->admit(asked, policy_,
                 [this, key = std::move(key), now, then = std::move(then)](
                     std::optional<SharedThrottle::Admission> said) mutable { then(decide(key, now, said)); });
}

std::uint32_t WindowGate::decide(const std::string& key, base::SteadyTime now,
                                 const std::optional<SharedThrottle::Admission>& said) {
  std::uint32_t wait = 0;
  if (said) {
    wait = said->wait_seconds;
    if (wait != 0) refused_by_all_.fetch_add(1, std::memory_order_relaxed);
  } else if (alone_) {
    wait = alone_->admit(key, now);
  }
  if (wait != 0) here_.withdraw(key);
  return wait;
}

std::uint64_t WindowGate::refused() const noexcept {
  return here_.refused() + (alone_ ? alone_->refused() : 0) + refused_by_all_.load(std::memory_order_relaxed);
}

FailureGate::FailureGate(std::string_view subject, SharedThrottle* shared, const base::Clock& clock)
    : subject_(subject), shared_(shared), clock_(clock), alone_(FailureThrottle::kFree / kQuarter) {}

void FailureGate::begin(std::string key, Then then) {
  switch (enter(key, then)) {
    case Entry::kBegins:
      return start(std::move(key), std::move(then));
    case Entry::kWaits:
      return;
    case Entry::kCrowded:
      crowded_.fetch_add(1, std::memory_order_relaxed);
      return then(kCrowdedWait, Attempt{});
  }
}

/// Takes `then` only to let it wait.
FailureGate::Entry FailureGate::enter(const std::string& key, Then& then) {
  const std::lock_guard lock(mutex_);
  auto& line = lines_[key];
  if (line.waiting.empty() && may_begin(key, line)) {
    count_begun(line);
    return Entry::kBegins;
  }
  if (line.waiting.size() >= kLine || waiting_ >= kAllLines) return Entry::kCrowded;
  line.waiting.push_back(std::move(then));
  ++waiting_;
  return Entry::kWaits;
}

void FailureGate::count_begun(Line& line) const {
  ++line.begun;
  if (shared_ != nullptr) ++line.asking;
}

bool FailureGate::may_begin(const std::string& key, const Line& line) {
  if (line.begun == 0) return true;
  const auto now = clock_.steady_now();
  const int counted = std::max(line.begun, here_.failures(key, now) + line.asking);
  // Without the others one failure is all that is free.
  return counted + 1 < FailureThrottle::kFree && (shared_ == nullptr || alone_.failures(key, now) == 0);
}

void FailureGate::start(std::string key, Then then) {
  const auto now = clock_.steady_now();
  if (shared_ == nullptr) {
    const auto wait = here_.begin(key, now);
    return told(std::move(key), wait, false, std::move(then));
  }
  ThrottleKey asked{subject_, key};
  shared_->begin(
      asked, kGuessing,
      [this, key = std::move(key), now, then = std::move(then)](std::optional<SharedThrottle::Attempt> said) mutable {
        const auto wait = decide(key, now, said);
        {
          const std::lock_guard lock(mutex_);
          --lines_.at(key).asking;
        }
        told(std::move(key), wait, said.has_value(), std::move(then));
      });
}

void FailureGate::told(std::string key, std::uint32_t wait, bool by_all, Then then) {
  if (wait == 0) return then(0, Attempt{std::move(key), by_all});
  then(wait, Attempt{});
  leave(key);
}

std::optional<FailureGate::Then> FailureGate::next_of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(key);
  if (found == lines_.end()) return std::nullopt;
  auto& line = found->second;
  if (line.waiting.empty()) {
    if (line.begun == 0) lines_.erase(found);
    return std::nullopt;
  }
  if (!may_begin(key, line)) return std::nullopt;
  auto next = std::move(line.waiting.front());
  line.waiting.pop_front();
  --waiting_;
  count_begun(line);
  return next;
}

void FailureGate::leave(const std::string& key) {
  {
    const std::lock_guard lock(mutex_);
    --lines_.at(key).begun;
  }
  while (auto next = next_of(key)) start(key, std::move(*next));
}

std::uint32_t FailureGate::decide(const std::string& key, base::SteadyTime now,
                                  const std::optional<SharedThrottle::Attempt>& said) {
  if (said) {
    here_.learn(key, *said, now);
    if (said->wait_seconds != 0) refused_by_all_.fetch_add(1, std::memory_order_relaxed);
    return said->wait_seconds;
  }
  if (const auto wait = here_.begin(key, now); wait != 0) return wait;
  const auto wait = alone_.begin(key, now);
  if (wait != 0) here_.withdrawn(key);
  return wait;
}

void FailureGate::succeeded(const Attempt& attempt) {
  here_.succeeded(attempt.key);
  if (shared_ != nullptr) {
    alone_.succeeded(attempt.key);
    // Also of an attempt without an answer: it may have been counted all the same, and a success forgives everything.
    shared_->succeeded({subject_, attempt.key});
  }
  leave(attempt.key);
}

void FailureGate::failed(const Attempt& attempt) {
  leave(attempt.key);  // it has counted since it began
}

void FailureGate::withdrawn(const Attempt& attempt) {
  here_.withdrawn(attempt.key);
  if (shared_ != nullptr && attempt.by_all) shared_->withdrawn({subject_, attempt.key});
  if (shared_ != nullptr && !attempt.by_all) alone_.withdrawn(attempt.key);
  leave(attempt.key);
}

std::uint64_t FailureGate::refused() const noexcept {
  return here_.refused() + alone_.refused() + refused_by_all_.load(std::memory_order_relaxed) +
         crowded_.load(std::memory_order_relaxed);
}

}  // namespace chat
