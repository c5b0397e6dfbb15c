// EXPIRE, the lane's part (expiry.hpp has the idea): what the sweep found old is looked at once more, in the order of
// the commits, and fails if nobody has it.

#include "chat/services/expiry.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {
namespace {

/// Alone in its batch: the rows that it reads are settled, and a confirmation behind it finds its marks in the store.
class ExpireCommand final : public LaneCommand {
 public:
  ExpireCommand(ExpiryOrder order, base::Function<void(bool committed)> done)
      : order_(std::move(order)), done_(std::move(done)) {}
  void stage(LaneContext& context) override {
    static_cast<LaneDesk&>(context).expire(order_.recipient, order_.entries);
  }
  void finish(LaneContext& /*context*/, std::optional<StoreError> failed) override { done_(!failed); }

 private:
  ExpiryOrder order_;
  base::Function<void(bool committed)> done_;
};

}  // namespace

std::unique_ptr<LaneCommand> expire_command(ExpiryOrder order, base::Function<void(bool committed)> done) {
  return std::make_unique<ExpireCommand>(std::move(order), std::move(done));
}

void LaneDesk::expire(const UserId& id, const std::vector<MailboxEntry>& entries) {
  auto& recipient = user(id);
  if (failed() || !recipient.exists) return;
  for (const auto& entry : entries) {
    auto* const talk = undamaged_conversation(ConversationKey::of(id, entry.peer));
    if (failed()) return;
    if (talk == nullptr) continue;
    const auto& side = talk->author(entry.peer);
    const bool confirmed = entry.position <= recipient.highest_position() || !side.delivered.advances_to(entry.seq);
    const bool read = !side.read.advances_to(entry.seq);
    if (confirmed || read || !fail_message(entry, FailureReason::kExpired)) continue;
    recipient.expired = std::max(recipient.expired, entry.position);
    // A job speaks of the newest message: everything before it is older still.
    for (auto& device : recipient.devices) {
      if (device.push && device.push->job && device.push->job->message == entry.message) erase_job(recipient, device);
    }
  }
}

}  // namespace chat
