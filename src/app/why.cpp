// restante why: where a message is and what it waits for, out of the store, beside a running server or without one.
#include <iostream>

#include "app/commands.hpp"
#include "app/operator_store.hpp"
#include "chat/services/explainer.hpp"
#include "wire/shapes.hpp"

namespace app {
namespace {

void print_time(const char* label, const std::optional<base::WallTime>& time) {
  if (time) std::cout << label << base::to_rfc3339(*time) << "\n";
}

void print_device(const chat::DeviceStory& device, const std::optional<chat::MailboxSeq>& position) {
  using chat::DeviceStage;
  std::cout << "device " << device.device.value << ", last seen " << base::to_rfc3339(device.last_seen) << "\n  ";
  switch (device.stage) {
    case DeviceStage::kQueued:
      std::cout << "queued at position " << position->value << ", confirmed up to " << device.position.value << "\n";
      break;
    case DeviceStage::kWritten:
      std::cout << "written to its socket and not confirmed; confirmed up to " << device.position.value << "\n";
      print_time("  the session fell silent or ended at ", device.written_at);
      break;
    case DeviceStage::kConfirmed:
      std::cout << "confirmed (up to position " << device.position.value << ")\n";
      return;
    case DeviceStage::kSkipped:
      std::cout << "given up for this device, which could not store it\n";
      return;
    case DeviceStage::kBegunLater:
      std::cout << "newer than the message: it gets it from the history\n";
      return;
  }
  std::cout << "  push: " << chat::to_string(device.push);
  if (!device.push_kind.empty()) std::cout << " (" << device.push_kind << ")";
  std::cout << "\n";
  if (device.outcome != chat::PushOutcome::kNone) {
    std::cout << "  last attempt: " << chat::to_string(device.outcome);
    if (!device.detail.empty()) std::cout << ", " << device.detail;
    std::cout << "\n";
  }
  print_time("  attempted ", device.pushed_at);
  print_time("  due ", device.push_due);
}

void print_story(const chat::MessageStory& story) {
  std::cout << "message   " << story.id.hex() << ", number " << story.seq.value << " of its conversation\n"
            << "sender    " << story.sender.hex() << "\n"
            << "recipient " << story.recipient.hex() << "\n"
            << "status    " << wire::to_string(story.status);
  if (story.failure) std::cout << " (" << wire::to_string(*story.failure) << ")";
  std::cout << "\n";
  print_time("stored    ", story.stored);
  print_time("delivered ", story.delivered_at);
  print_time("read      ", story.read_at);
  print_time("blocked since ", story.blocked_since);
  for (const auto& device : story.devices) print_device(device, story.position);
  std::cout << story.verdict << "\n";
}

}  // namespace

int why(const Settings& settings, const std::string& message) {
  const auto id = chat::MessageId::from_hex(message);
  if (!id) return complain("\"" + message + "\" is no message id: it has 24 hex digits");
  const auto store = open_store_read_only(settings);
  if (!store) return complain(store.error());
  const auto story = chat::Explainer(**store).explain(*id);
  if (!story) return complain(store_in_words(settings) + " cannot be read");
  if (!story.value()) return complain("there is no message " + message);
  print_story(**story);
  return 0;
}

}  // namespace app
