#pragma once
// What became of one push job, on its way from the outbox to the lane, which alone writes jobs and addresses.

#include <memory>

#include "base/task.hpp"
#include "chat/ports/push_provider.hpp"

namespace chat {

class LaneCommand;

struct PushDone {
  PushJob job;          // as it was read
  PushAddress address;  // that the provider was asked for; empty: it was not asked
  PushResult result;    // kNotNeeded: confirmed, read or expired meanwhile; kNone: postponed until `not_before`
  WallTime not_before{};
};

/// The job is erased unless a newer message has moved it; it falls due again as rules/push_backoff.hpp says; the
/// address is deleted unless it has changed since. `settled` runs on the lane's thread once that is committed; it is
/// destroyed unrun when the lane ends before.
[[nodiscard]] std::unique_ptr<LaneCommand> push_done_command(PushDone done, base::Task settled);

}  // namespace chat
