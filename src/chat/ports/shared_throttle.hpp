#pragma once
// What the nodes of a cluster count together of those who ask too often, so that whoever spreads requests over all of
// them may do no more than at one. It may fail or forget at any moment: each node counts for itself, too, and decides
// alone then (services/accounts_gate.hpp).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.hpp"

namespace chat {

/// Who is counted, and for what.
struct ThrottleKey {
  std::string_view subject;  // "lookup", "guess", …: a literal
  std::string who;           // an address, a user's id or name; never leaves the node as it is
};

/// At most `limit` in any `window`, by two adjacent windows, the older one weighted by what of it is still in view.
struct WindowPolicy {
  std::int64_t limit = 0;  // at least 1
  std::chrono::seconds window{0};
};

/// So many failures are free; with each further one the wait doubles.
struct FailurePolicy {
  int free = 0;  // at least 1
  std::chrono::seconds first_wait{0};
  std::chrono::seconds longest_wait{0};
  std::chrono::seconds forget_after{0};  // since the last failure
};

/// Any thread; no verb waits. A reply comes exactly once: inside the call when nobody can be asked, else on a thread of
/// the throttle, which it must not keep; never later than a tenth of a second or so.
class SharedThrottle {
 public:
  struct Admission {
    std::uint32_t wait_seconds = 0;  // 0: admitted and counted; else rounded up, and not counted
  };
  struct Attempt {
    std::uint32_t wait_seconds = 0;  // 0: go ahead, it counts as a failure until it succeeds or is withdrawn
    std::uint32_t failures = 0;      // this one included if it counts
  };
  /// nullopt: unavailable.
  template <class T>
  using Answer = base::Function<void(std::optional<T>)>;

  virtual ~SharedThrottle() = default;
  virtual void admit(const ThrottleKey& key, const WindowPolicy& policy, Answer<Admission> answer) = 0;
  virtual void begin(const ThrottleKey& key, const FailurePolicy& policy, Answer<Attempt> answer) = 0;
  /// All failures of the key are forgotten. May be lost.
  virtual void succeeded(const ThrottleKey& key) = 0;
  /// An attempt that was told to go ahead was never judged: it does not count, and nobody has to wait for it. May be
  /// lost.
  virtual void withdrawn(const ThrottleKey& key) = 0;
};

}  // namespace chat
