// READ: the reader's word over a conversation. Read implies delivered; only a higher number that covers something new
// is news.

#include "chat/rules/friendship.hpp"
#include "chat/services/lane_commands.hpp"

namespace chat {
namespace {

constexpr std::size_t kScanPage = 64;  // messages per look back for the author's newest one

}  // namespace

LaneDesk::Covered LaneDesk::newest_covered(ConversationState& talk, const UserId& author, ConversationSeq up_to) {
  const auto& side = talk.author(author);
  if (side.newest_known && side.newest_seq <= up_to) return {side.newest_seq, side.newest, side.ordinal};
  const auto floor = std::max(side.read.newest_covered_seq, side.read_checked);
  auto before = up_to.next();
  while (before > floor.next() && !failed()) {
    const auto page = take(store().history(talk.key, before, kScanPage));
    if (page.empty()) break;
    for (const auto& message : page) {
      if (message.sender == author) return {message.seq, message.id, message.sender_ordinal};
    }
    before = page.back().seq;
  }
  return {side.read.newest_covered_seq, side.read.newest_covered, side.read.author_ordinal};
}

/// Finds peer and number; false: the outcome is set or a read failed.
bool MarkReadCommand::find_target(LaneDesk& desk) {
  if (const auto* pair = std::get_if<std::pair<UserId, ConversationSeq>>(&request_.what)) {
    peer_ = pair->first;
    up_to_ = pair->second;
  } else {
    const auto row = desk.take(desk.store().message(std::get<MessageId>(request_.what)));
    if (desk.failed()) return false;
    if (!row || !row->conversation().has(request_.reader)) {
      set(not_found("no such message"));
      return false;
    }
    peer_ = row->conversation().peer_of(request_.reader);
    up_to_ = row->seq;
  }
  if (peer_ != request_.reader) return true;
  set(Refusal{.code = ErrorCode::kNotAllowed, .message = "this is not a conversation of yours"});
  return false;
}

void MarkReadCommand::stage_hot(LaneDesk& desk) {
  auto& reader = desk.user(request_.reader);
  const bool valid = session_is_valid(desk, reader, request_.login, request_.connection);
  if (desk.failed()) return;
  if (!valid) return set(session_ended());
  if (!find_target(desk)) return;
  const auto pair = ConversationKey::of(request_.reader, peer_);
  {
    auto& talk = desk.conversation(pair);
    if (desk.failed()) return;
    if (talk.last == ConversationSeq(0) && !are_friends(talk.relation)) {
      return set(Refusal{.code = ErrorCode::kNotAllowed, .message = "this is not a conversation of yours"});
    }
    up_to_ = std::min(up_to_, talk.last);
    const auto& side = talk.author(peer_);
    if (!side.read.advances_to(up_to_) || up_to_ <= side.read_checked) return;
    // Looking back reads the store, which does not hold what this batch has staged.
    if (!side.newest_known || side.newest_seq > up_to_) desk.settle_within();
  }
  auto& talk = desk.conversation(pair);
  if (!desk.failed()) step_read(desk, talk);
}

void MarkReadCommand::step_read(LaneDesk& desk, ConversationState& talk) {
  auto& side = talk.author(peer_);
  const auto covered = desk.newest_covered(talk, peer_, up_to_);
  if (desk.failed()) return;
  if (covered.ordinal <= side.read.author_ordinal) {
    side.read_checked = std::max(side.read_checked, up_to_);  // so that saying it again costs nothing
    return;
  }
  desk.counts().add(desk.metrics().messages_read, covered.ordinal - side.read.author_ordinal);
  auto& reader = desk.user(request_.reader);
  const bool told = !talk.relation.blocked() && desk.user(peer_).exists;
  WatermarkStep step;
  step.author = peer_;
  step.reader = request_.reader;
  step.kind = WatermarkKind::kRead;
  step.after = side.read.up_to;
  step.up_to = up_to_;
  step.at = desk.now();
  step.author_ordinal = covered.ordinal;
  step.newest_covered = told ? covered.message : side.read.newest_covered;
  step.newest_covered_seq = told ? covered.seq : side.read.newest_covered_seq;
  if (told) {
    step_delivered(desk, talk, covered);
    auto item = std::make_shared<LogItem>();
    item->entry.kind = EntryKind::kStatus;
    item->entry.owner = peer_;
    item->entry.peer = request_.reader;
    item->entry.at = step.at;
    item->entry.seq = covered.seq;
    item->entry.message = covered.message;
    item->entry.watermark = WatermarkKind::kRead;
    step.author_entry = desk.append_item(std::move(item));
  }
  if (reader.devices.size() >= 2) {
    auto item = std::make_shared<LogItem>();
    item->entry.kind = EntryKind::kOwnRead;
    item->entry.owner = request_.reader;
    item->entry.peer = peer_;
    item->entry.at = step.at;
    item->entry.seq = up_to_;
    item->entry.origin = request_.device;
    step.reader_entry = desk.append_item(std::move(item));
  }
  side.read.take(step);
  desk.batch().watermark_steps.push_back(std::move(step));
}

void MarkReadCommand::step_delivered(LaneDesk& desk, ConversationState& talk, const LaneDesk::Covered& covered) {
  auto& side = talk.author(peer_);
  if (!side.delivered.advances_to(covered.seq)) return;
  WatermarkStep step;
  step.author = peer_;
  step.reader = request_.reader;
  step.kind = WatermarkKind::kDelivered;
  step.after = side.delivered.up_to;
  step.up_to = step.newest_covered_seq = covered.seq;
  step.at = desk.now();
  step.newest_covered = covered.message;
  step.author_ordinal = covered.ordinal;  // author_entry stays 0: the read entry says it all
  side.delivered.take(step);
  desk.batch().watermark_steps.push_back(std::move(step));
}

void MarkReadCommand::finish_hot(LaneDesk& /*desk*/, std::optional<StoreError> failed) {
  if (failed && !refused()) set(store_refusal(*failed));
}

}  // namespace chat
