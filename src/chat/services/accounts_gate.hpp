#pragma once
// Between a service and those who ask too often: what this node counts, and what all nodes count together where there
// is a SharedThrottle. Without one a gate is the throttle of accounts_throttle.hpp, asked at once.
//
//   WindowGate   here full? no · all nodes full? no, and it is not counted here either · unavailable? what was counted
//                here decides
//   FailureGate  all nodes are asked, because a success elsewhere forgives here · unavailable? this node decides by
//                what it has learned
//
// Guessing passwords is what an attacker would take a Redis down for: while all nodes cannot be asked, a log-in has a
// quarter of its limits at each node. All other limits are a node's full ones then. Nothing is refused for the lack of
// an answer.
//
// Any thread. `then` is called exactly once: inside the call, or on the thread of the shared throttle, which it must
// not keep. The gate outlives that.

#include <optional>
#include <utility>

#include "base/task.hpp"
#include "chat/ports/shared_throttle.hpp"
#include "chat/services/accounts_throttle.hpp"

namespace chat {

/// What a node that cannot ask the others allows by itself.
enum class AloneShare : std::uint8_t { kAll, kQuarter };

class WindowGate {
 public:
  /// `subject`: a literal. `policy.limit` 0: off, and nobody is asked. `shared` may be null, else it outlives this.
  WindowGate(std::string_view subject, WindowPolicy policy, SharedThrottle* shared, AloneShare share);

  /// then(seconds): 0: admitted and counted; else the seconds to wait.
  template <class Then>
  void admit(std::string key, base::SteadyTime now, Then then) {
    const auto wait = here_.admit(key, now);
    if (wait != 0 || shared_ == nullptr) return then(wait);
    ask(std::move(key), now, std::move(then));
  }
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  using Then = base::Function<void(std::uint32_t)>;
  void ask(std::string key, base::SteadyTime now, Then then);
  std::uint32_t decide(const std::string& key, base::SteadyTime now,
                       const std::optional<SharedThrottle::Admission>& said);

  const std::string_view subject_;
  const WindowPolicy policy_;
  SharedThrottle* const shared_;
  WindowThrottle here_;
  std::optional<WindowThrottle> alone_;  // counts what was admitted without an answer
  std::atomic<std::uint64_t> refused_by_all_{0};
};

class FailureGate {
 public:
  /// Where an attempt was counted; the caller keeps it until the attempt has been judged.
  struct Attempt {
    std::string key;
    bool by_all = false;
  };

  FailureGate(std::string_view subject, SharedThrottle* shared);

  /// then(seconds, attempt): 0: go ahead, the attempt counts as a failure until it succeeds or is withdrawn.
  template <class Then>
  void begin(std::string key, base::SteadyTime now, Then then) {
    if (shared_ != nullptr) return ask(std::move(key), now, std::move(then));
    const auto wait = here_.begin(key, now);
    then(wait, Attempt{std::move(key), false});
  }
  void succeeded(const Attempt& attempt);
  /// The attempt was never judged (overload): it does not count.
  void withdrawn(const Attempt& attempt);
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  using Then = base::Function<void(std::uint32_t, Attempt)>;
  void ask(std::string key, base::SteadyTime now, Then then);
  std::uint32_t decide(const std::string& key, base::SteadyTime now,
                       const std::optional<SharedThrottle::Attempt>& said);

  const std::string_view subject_;
  SharedThrottle* const shared_;
  FailureThrottle here_;   // alone, or what all nodes said last
  FailureThrottle alone_;  // what was begun without an answer
  std::atomic<std::uint64_t> refused_by_all_{0};
};

}  // namespace chat
