#include "wire/story.hpp"

#include "base/json_writer.hpp"
#include "wire/shapes.hpp"

namespace wire {
namespace {

void add_time(base::JsonWriter& out, std::string_view name, const std::optional<base::WallTime>& time) {
  if (time) out.member(name, base::to_rfc3339(*time));
}

void add_push(base::JsonWriter& out, const chat::DeviceStory& device) {
  out.key("push").begin_object().member("state", chat::to_string(device.push));
  if (!device.push_kind.empty()) out.member("provider", device.push_kind);
  add_time(out, "dueAt", device.push_due);
  if (device.attempts != 0) out.member("failedAttempts", device.attempts);
  if (device.outcome != chat::PushOutcome::kNone) {
    out.member("outcome", chat::to_string(device.outcome));
    add_time(out, "attemptedAt", device.pushed_at);
    if (!device.detail.empty()) out.member("detail", device.detail);
  }
  out.end_object();
}

void add_device(base::JsonWriter& out, const chat::DeviceStory& device) {
  out.begin_object()
      .member("device", device.device.value)
      .member("lastSeen", base::to_rfc3339(device.last_seen))
      .member("position", device.position.value)
      .member("state", chat::to_string(device.stage));
  add_time(out, "writtenAt", device.written_at);
  const bool waits = device.stage == chat::DeviceStage::kQueued || device.stage == chat::DeviceStage::kWritten;
  if (waits) add_push(out, device);
  out.end_object();
}

}  // namespace

void append_story(std::string& text, const chat::MessageStory& story) {
  base::JsonWriter out(text);
  out.begin_object()
      .member("_id", story.id.hex())
      .member("sender", story.sender.hex())
      .member("recipient", story.recipient.hex())
      .member("seq", story.seq.value)
      .member("storedAt", base::to_rfc3339(story.stored))
      .member("status", to_string(story.status));
  if (story.failure) out.member("reason", to_string(*story.failure));
  if (story.position) out.member("position", story.position->value);
  add_time(out, "deliveredAt", story.delivered_at);
  add_time(out, "readAt", story.read_at);
  add_time(out, "blockedSince", story.blocked_since);
  out.key("devices").begin_array();
  for (const auto& device : story.devices) add_device(out, device);
  out.end_array().member("verdict", story.verdict).end_object();
}

void append_pending_user(std::string& text, const chat::PendingUser& user) {
  base::JsonWriter out(text);
  out.begin_object().member("userId", user.user.hex()).member("pending", user.pending);
  add_time(out, "oldest", user.oldest);
  out.end_object();
}

}  // namespace wire
