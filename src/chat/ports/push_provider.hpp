#pragma once
// A provider of pushes: FCM, Web Push. docs/push.md has the table of its answers and what follows from each.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "chat/model/account.hpp"
#include "chat/model/push.hpp"

namespace chat {

/// What one device is to be shown. Generic unless the user asked for previews; a provider adds nothing of its own.
struct PushRequest {
  PushAddress address;
  std::string collapse_key;  // at most 32 characters of base64url, opaque; a newer push replaces an older one
  std::chrono::seconds ttl{};
  bool visible = true;  // false: data only
  std::string title;    // UTF-8
  std::string body;     // UTF-8, at most 100 characters; may be empty
  std::uint64_t badge = 0;
  std::vector<std::pair<std::string, std::string>> data;
};

struct PushResult {
  PushOutcome outcome = PushOutcome::kUnavailable;  // never kNone, kNotNeeded
  std::optional<std::chrono::seconds> retry_after;  // as the provider asked
  std::string detail;                               // see DeviceTrace::detail
};

class PushProvider {
 public:
  virtual ~PushProvider() = default;
  /// PushAddress::kind of its addresses; constant.
  [[nodiscard]] virtual std::string_view kind() const = 0;
  /// Which of its services this address is at (an origin, say): when one is down, the others are still asked. Empty:
  /// there is only one. Any thread.
  [[nodiscard]] virtual std::string part(const PushAddress& /*address*/) const { return {}; }
  /// Any thread, never blocks. `done` is called exactly once, on a thread of the provider's, also when the provider is
  /// destroyed meanwhile (kUnavailable). The caller bounds how many are under way.
  virtual void send(PushRequest request, base::Function<void(PushResult)> done) = 0;
};

}  // namespace chat
