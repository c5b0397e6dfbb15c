#pragma once
// Reads of the push outbox. Thread and visibility rules as in mail_store.hpp.

#include <optional>
#include <string_view>
#include <vector>

#include "chat/model/push.hpp"
#include "chat/ports/mail_store.hpp"

namespace chat {

class PushStore {
 public:
  virtual ~PushStore() = default;

  /// Jobs of this provider with due <= `until`, ascending by (due, user, device), at most `limit`. Held jobs are due at
  /// kPushHeld. A job that cannot be read is left out.
  [[nodiscard]] virtual Read<std::vector<PushJob>> due_push_jobs(std::string_view kind, WallTime until,
                                                                 std::size_t limit) const = 0;
  [[nodiscard]] virtual Read<std::vector<PushJob>> push_jobs(const UserId& user) const = 0;
  /// All jobs in the order of (user, device) behind this one (zero and empty: from the first), at most `limit`.
  [[nodiscard]] virtual Read<std::vector<PushJob>> push_jobs_after(const UserId& user, const DeviceId& device,
                                                                   std::size_t limit) const = 0;
  /// All fields of `outcome` and `written` zero when there is no row.
  [[nodiscard]] virtual Read<DeviceTrace> device_trace(const UserId& user, const DeviceId& device) const = 0;
};

}  // namespace chat
