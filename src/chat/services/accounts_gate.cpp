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

FailureGate::FailureGate(std::string_view subject, SharedThrottle* shared)
    : subject_(subject), shared_(shared), alone_(FailureThrottle::kFree / kQuarter) {}

void FailureGate::ask(std::string key, base::SteadyTime now, Then then) {
  ThrottleKey asked{subject_, key};
  shared_->begin(
      asked, kGuessing,
      [this, key = std::move(key), now, then = std::move(then)](std::optional<SharedThrottle::Attempt> said) mutable {
        const auto wait = decide(key, now, said);
        then(wait, Attempt{std::move(key), said.has_value()});
      });
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
  if (shared_ == nullptr) return;
  alone_.succeeded(attempt.key);
  // Also of an attempt without an answer: it may have been counted all the same, and a success forgives everything.
  shared_->succeeded({subject_, attempt.key});
}

void FailureGate::withdrawn(const Attempt& attempt) {
  here_.withdrawn(attempt.key);
  if (shared_ == nullptr) return;
  if (attempt.by_all) {
    shared_->withdrawn({subject_, attempt.key});
  } else {
    alone_.withdrawn(attempt.key);
  }
}

std::uint64_t FailureGate::refused() const noexcept {
  return here_.refused() + alone_.refused() + refused_by_all_.load(std::memory_order_relaxed);
}

}  // namespace chat
