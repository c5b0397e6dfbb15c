#include "chat/services/push_review.hpp"

#include <algorithm>

#include "chat/rules/message_status.hpp"
#include "chat/rules/push_preview.hpp"
#include "chat/rules/watermark.hpp"
#include "chat/services/message_viewer.hpp"

namespace chat {
namespace {

constexpr std::chrono::seconds kLongestTtl{28 * 86'400};  // FCM refuses more
constexpr std::size_t kMostScanned = 4096;                // entries looked at; beyond, the push is sent
constexpr PageLimit kReviewPage{.entries = 256, .bytes = 64 * 1024};
constexpr std::size_t kMostConversations = 1000;  // counted for the badge: nobody tells 2000 from 3000

std::string device_name(const PushJob& job) {
  return job.user.hex() + job.device.value;
}

}  // namespace

PushReview::Verdict PushReview::look(const PushJob& job, WallTime now) const {
  const auto none = [] { return Verdict{Need::kNone, {}}; };
  if (job.expires <= now) return none();
  const auto row = device(job, now);
  if (!row) return {};
  if (!row.value()) return none();
  const auto confirmed = position(*row.value());
  if (!confirmed) return {};
  if (confirmed.value() >= job.position) return none();
  const auto user = store_.user(job.user);
  if (!user) return {};
  if (!user.value() || user.value()->deactivated) return none();
  const auto needed = anything_unread(job, confirmed.value());
  if (!needed) return {};
  if (!needed.value()) return none();
  auto request = compose(job, *row.value()->push, *user.value(), now);
  if (!request) return {};
  return {Need::kPush, std::move(request).value()};
}

/// nullopt: the device is gone, has no address of this kind, or its session has ended.
Read<std::optional<Device>> PushReview::device(const PushJob& job, WallTime now) const {
  auto devices = store_.devices(job.user);
  if (!devices) return base::fail(devices.error());
  for (auto& each : devices.value()) {
    if (each.id != job.device || !each.push || each.push->kind != job.kind) continue;
    const auto login = store_.login(each.login);
    if (!login) return base::fail(login.error());
    if (!login.value() || login.value()->expires <= now) break;
    return std::optional(std::move(each));
  }
  return std::optional<Device>();
}

Read<MailboxSeq> PushReview::position(const Device& device) const {
  const auto positions = store_.positions(device.user);
  if (!positions) return base::fail(positions.error());
  for (const auto& each : positions.value()) {
    if (each.device == device.id) return std::max(each.position, device.start);
  }
  return device.start;
}

Read<bool> PushReview::is_unread(const UserId& reader, const Message& message) const {
  const auto read = if_readable(store_.watermark(message.sender, reader, WatermarkKind::kRead, std::nullopt));
  if (!read) return base::fail(read.error());
  return !read.value() || read.value()->up_to < message.seq;
}

Read<bool> PushReview::anything_unread(const PushJob& job, MailboxSeq after) const {
  // Mostly the newest message answers the question.
  const auto newest = store_.message(job.message);
  if (!newest && newest.error() != StoreError::kCorrupt) return base::fail(newest.error());
  if (newest && newest.value() && !has_failed(*newest.value())) {
    const auto unread = is_unread(job.user, *newest.value());
    if (!unread || unread.value()) return unread;
  }
  for (std::size_t scanned = 0; after < job.position;) {
    const auto page = store_.read_mailbox(job.user, after, kReviewPage);
    if (!page) return base::fail(page.error());
    for (const auto& [entry, message] : page->rows) {
      if (entry.position > job.position) return false;
      if (entry.kind != EntryKind::kMessage || entry.own || !message || has_failed(*message)) continue;
      const auto unread = is_unread(job.user, *message);
      if (!unread || unread.value()) return unread;
    }
    scanned += page->through.value - after.value;
    if (page->through <= after) break;
    if (scanned >= kMostScanned) return true;
    after = page->through;
  }
  return false;
}

Read<std::uint64_t> PushReview::unread(const UserId& user) const {
  const auto peers = store_.conversation_peers(user);
  if (!peers) return base::fail(peers.error());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < std::min(peers->size(), kMostConversations); ++i) {
    const auto& peer = peers.value()[i];
    const auto newest = store_.history(ConversationKey::of(user, peer), std::nullopt, 1);
    if (!newest) return base::fail(newest.error());
    if (newest->empty()) continue;
    const auto read = if_readable(store_.watermark(peer, user, WatermarkKind::kRead, std::nullopt));
    if (!read) return base::fail(read.error());
    const auto& last = newest->front();
    const auto theirs = last.sender == peer ? last.sender_ordinal : last.recipient_ordinal;
    const auto seen = read.value() ? read.value()->author_ordinal : 0;
    sum += unread_count(theirs, seen);
  }
  return sum;
}

Read<PushRequest> PushReview::compose(const PushJob& job, const PushAddress& address, const User& user,
                                      WallTime now) const {
  const auto badge = unread(job.user);
  if (!badge) return base::fail(badge.error());
  PushRequest request;
  request.address = address;
  request.collapse_key = pseudonym(key_, "collapse", device_name(job));
  request.ttl = std::min(std::chrono::duration_cast<std::chrono::seconds>(job.expires - now), kLongestTtl);
  request.visible = !data_only_;
  request.badge = badge.value();
  if (user.push_previews) {
    const auto added = add_preview(request, job);
    if (!added) return base::fail(added.error());
    if (added.value()) return request;
  }
  request.title = "New message";
  request.data = {{"t", "m"}, {"n", pseudonym(key_, "push", device_name(job) + job.message.hex())}};
  return request;
}

/// False: there is nothing to show of it, the push stays generic.
Read<bool> PushReview::add_preview(PushRequest& request, const PushJob& job) const {
  const auto message = store_.message(job.message);
  if (!message && message.error() != StoreError::kCorrupt) return base::fail(message.error());
  if (!message || !message.value() || has_failed(*message.value())) return false;
  const auto unread = is_unread(job.user, *message.value());
  if (!unread || !unread.value()) return unread;
  const auto sender = if_readable(store_.user(message.value()->sender));
  if (!sender) return base::fail(sender.error());
  auto text = MessageViewer(store_, cipher_, job.user).open(*message.value());
  if (!text && text.error() == StoreError::kNoKey) return false;
  if (!text) return base::fail(text.error());
  if (!sender.value() || !text.value()) return false;
  request.title = sender.value()->username;
  request.body = push_preview(*text.value());
  request.data = {
      {"type", "new_message"}, {"senderId", message.value()->sender.hex()}, {"messageId", message.value()->id.hex()}};
  return true;
}

}  // namespace chat
