#include "chat/services/explainer_verdict.hpp"

namespace chat {
namespace {

std::string outcome_in_words(const DeviceStory& device) {
  const auto at = device.pushed_at ? " at " + base::to_rfc3339(*device.pushed_at) : std::string();
  switch (device.outcome) {
    case PushOutcome::kNone:
      return "push not tried";
    case PushOutcome::kAccepted:
      return "push accepted by the provider" + at;
    case PushOutcome::kAddressDead:
      return "push address dead and removed" + at;
    case PushOutcome::kPayloadRefused:
      return "push refused by the provider as malformed" + at;
    case PushOutcome::kThrottled:
      return "push throttled by the provider" + at;
    case PushOutcome::kServerError:
      return "push failed at the provider" + at;
    case PushOutcome::kUnavailable:
      return "push provider not reachable" + at;
    case PushOutcome::kLaneStopped:
      return "push refused: the provider does not accept this server's credentials" + at;
    case PushOutcome::kNotNeeded:
      return "push not needed any more" + at;
  }
  return "push not tried";
}

std::string push_in_words(const DeviceStory& device) {
  switch (device.push) {
    case PushStage::kNoAddress:
      return "it has no push address";
    case PushStage::kNotOwed:
      return "no push is owed to it";
    case PushStage::kHeld:
      return "its push is held back because it is connected";
    case PushStage::kDue:
      return "its push is due at " + base::to_rfc3339(*device.push_due);
    case PushStage::kAttempted:
      break;
  }
  auto words = outcome_in_words(device);
  if (!device.detail.empty()) words += " (" + device.detail + ")";
  if (device.push_due) words += ", next try at " + base::to_rfc3339(*device.push_due);
  return words;
}

std::string waits_for(const DeviceStory& device) {
  auto words = "device " + device.device.value + ", last seen " + base::to_rfc3339(device.last_seen);
  if (device.stage == DeviceStage::kWritten) {
    words += ", was given it and did not confirm it";
    if (device.written_at) words += " (" + base::to_rfc3339(*device.written_at) + ")";
  }
  return words + "; " + push_in_words(device);
}

std::string verdict_of_waiting(const MessageStory& story) {
  std::string words;
  bool skipped = false;
  for (const auto& device : story.devices) {
    if (device.stage == DeviceStage::kConfirmed) {
      return story.blocked_since ? "a device has it, but receipts are not told across a block"
                                 : "a device has it, and the receipt follows";
    }
    skipped = skipped || device.stage == DeviceStage::kSkipped;
    if (device.stage != DeviceStage::kQueued && device.stage != DeviceStage::kWritten) continue;
    words += (words.empty() ? "waits for " : "; and for ") + waits_for(device);
  }
  if (!words.empty()) return words;
  if (story.devices.empty()) return "waits: the recipient has no device";
  if (skipped) return "given up for the device that could not store it; it is in the history and waits for another one";
  return "no device will be sent it: all began behind it; it is in the history";
}

}  // namespace

std::string verdict_of(const MessageStory& story) {
  if (story.status == MessageStatus::kFailed) {
    return story.failure == FailureReason::kExpired
               ? "expired: no device confirmed it in time, and both sides were told"
               : "failed: the server can no longer read it, and both sides were told";
  }
  if (story.read_at) return "read at " + base::to_rfc3339(*story.read_at);
  if (story.delivered_at) return "delivered at " + base::to_rfc3339(*story.delivered_at) + ", not read yet";
  if (!story.recipient_exists) return "the recipient's account was erased";
  return verdict_of_waiting(story);
}

std::string_view to_string(DeviceStage stage) {
  switch (stage) {
    case DeviceStage::kQueued:
      return "queued";
    case DeviceStage::kWritten:
      return "written";
    case DeviceStage::kConfirmed:
      return "confirmed";
    case DeviceStage::kSkipped:
      return "skipped";
    case DeviceStage::kBegunLater:
      return "begun_later";
  }
  return "queued";
}

std::string_view to_string(PushStage stage) {
  switch (stage) {
    case PushStage::kNoAddress:
      return "no_address";
    case PushStage::kNotOwed:
      return "not_owed";
    case PushStage::kHeld:
      return "held";
    case PushStage::kDue:
      return "due";
    case PushStage::kAttempted:
      return "attempted";
  }
  return "no_address";
}

std::string_view to_string(PushOutcome outcome) {
  switch (outcome) {
    case PushOutcome::kNone:
      return "none";
    case PushOutcome::kAccepted:
      return "accepted";
    case PushOutcome::kAddressDead:
      return "address_dead";
    case PushOutcome::kPayloadRefused:
      return "payload_refused";
    case PushOutcome::kThrottled:
      return "throttled";
    case PushOutcome::kServerError:
      return "server_error";
    case PushOutcome::kUnavailable:
      return "unavailable";
    case PushOutcome::kLaneStopped:
      return "lane_stopped";
    case PushOutcome::kNotNeeded:
      return "not_needed";
  }
  return "none";
}

}  // namespace chat
