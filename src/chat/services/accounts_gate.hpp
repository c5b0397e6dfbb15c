#pragma once
// Between a service and those who ask too often: what this node counts, and what all nodes count together where there
// is a SharedThrottle. Without one a gate is the throttle of accounts_throttle.hpp, asked at once.
//
//   WindowGate   here full? no · all nodes full? no, and it is not counted here either · unavailable? what was counted
//                here decides
//   FailureGate  too many of this key under judgement here? it waits for its turn · all nodes are asked, because a
//                success elsewhere forgives here · unavailable? this node decides by what it has learned
//
// Guessing passwords is what an attacker would take a Redis down for: while all nodes cannot be asked, a log-in has a
// quarter of its limits at each node. All other limits are a node's full ones then. Nothing is refused for the lack of
// an answer.
//
// Any thread. `then` is called exactly once: inside the call, on the thread of the shared throttle, which it must not
// keep, or inside the call that ends an attempt before it. The gate outlives that.

#include <deque>
#include <map>
#include <mutex>
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

/// An attempt counts as a failure until it has been judged. So that those that are right do not shut each other out, as
/// many of a key are under way at a time as cannot come to a wait even if all are wrong (four, less what has failed
/// before; one at least), and the others wait in a line: a program that logs its devices in at once is let in, and a
/// hundred guesses at once still come to the wait after five.
class FailureGate {
 public:
  /// Of one key. At some 0.15 s for a password the last one waits a second or so.
  static constexpr std::size_t kLine = 16;
  /// Of all keys; some 500 bytes each.
  static constexpr std::size_t kAllLines = 1'024;
  static constexpr std::uint32_t kCrowdedWait = 1;  // seconds; by then the line is shorter

  /// Where an attempt was counted; the caller keeps it until the attempt has been judged.
  struct Attempt {
    std::string key;
    bool by_all = false;
  };

  using Then = base::Function<void(std::uint32_t, Attempt)>;

  /// `clock` outlives this.
  FailureGate(std::string_view subject, SharedThrottle* shared, const base::Clock& clock);

  /// then(seconds, attempt): 0: go ahead, the attempt counts as a failure; exactly one of the three below follows.
  void begin(std::string key, Then then);
  void succeeded(const Attempt& attempt);
  void failed(const Attempt& attempt);
  /// The attempt was never judged (overload): it does not count.
  void withdrawn(const Attempt& attempt);
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  /// Those of a key that are under way, and those that wait for them.
  struct Line {
    int begun = 0;   // not yet judged; above 0 while somebody waits
    int asking = 0;  // of them, those that the other nodes have not answered
    std::deque<Then> waiting;
  };
  enum class Entry : std::uint8_t { kBegins, kWaits, kCrowded };
  Entry enter(const std::string& key, Then& then);
  void count_begun(Line& line) const;
  [[nodiscard]] bool may_begin(const std::string& key, const Line& line);
  void start(std::string key, Then then);
  void told(std::string key, std::uint32_t wait, bool by_all, Then then);
  /// One of the key is not under way any more: who waited for that begins.
  void leave(const std::string& key);
  std::optional<Then> next_of(const std::string& key);
  std::uint32_t decide(const std::string& key, base::SteadyTime now,
                       const std::optional<SharedThrottle::Attempt>& said);

  const std::string_view subject_;
  SharedThrottle* const shared_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Line> lines_;  // guarded; of keys with an attempt under way
  std::size_t waiting_ = 0;            // guarded; in all lines
  std::atomic<std::uint64_t> crowded_{0};
  FailureThrottle here_;   // alone, or what all nodes said last
  FailureThrottle alone_;  // what was begun without an answer
  std::atomic<std::uint64_t> refused_by_all_{0};
};

}  // namespace chat
