#include "chat/services/history_reader.hpp"

#include <algorithm>

#include "chat/rules/friendship.hpp"
#include "chat/rules/watermark.hpp"
#include "chat/services/message_viewer.hpp"

namespace chat {
void HistoryReader::conversations(const Caller& caller, base::Executor& on,
                                  Reply<std::vector<ConversationView>> reply) {
  read_on<std::vector<ConversationView>>(reads_, on, std::move(reply),
                                         [this, user = caller.user] { return read_conversations(user); });
}

void HistoryReader::page(const Caller& caller, UserId peer, std::optional<ConversationSeq> before, std::size_t limit,
                         base::Executor& on, Reply<HistoryPage> reply) {
  read_on<HistoryPage>(reads_, on, std::move(reply), [this, user = caller.user, peer, before, limit] {
    return read_page(user, peer, before, limit);
  });
}

void HistoryReader::message(const Caller& caller, MessageId id, base::Executor& on, Reply<MessageView> reply) {
  read_on<MessageView>(reads_, on, std::move(reply), [this, user = caller.user, id] { return read_message(user, id); });
}

void HistoryReader::read_log(const UserId& owner, MailboxSeq after, PageLimit limit, base::Executor& on,
                             Reply<LogPage> reply) {
  read_on<LogPage>(reads_, on, std::move(reply),
                   [this, owner, after, limit] { return read_entries(owner, after, limit); });
}

Read<std::optional<ConversationView>> HistoryReader::read_conversation(const UserId& user, const UserId& peer) const {
  const auto account = store_.user(peer);
  const bool unnamed = !account && account.error() == StoreError::kCorrupt;  // a damaged row hides no conversation
  if (!account && !unnamed) return base::fail(account.error());
  const auto newest = store_.history(ConversationKey::of(user, peer), std::nullopt, 1);
  if (!newest) return base::fail(newest.error());
  if ((!unnamed && !account.value()) || newest->empty()) return std::optional<ConversationView>();
  const Message& last = newest->front();
  MessageViewer viewer(store_, cipher_, user);
  auto view = viewer.view(last);
  if (!view) return base::fail(view.error());
  const auto read = if_readable(store_.watermark(peer, user, WatermarkKind::kRead, std::nullopt));
  if (!read) return base::fail(read.error());
  const auto theirs = last.sender == peer ? last.sender_ordinal : last.recipient_ordinal;
  const auto seen = read.value() ? read.value()->author_ordinal : 0;
  User named;
  named.id = peer;
  if (!unnamed) named = *account.value();
  return std::optional(ConversationView{std::move(named), std::move(*view), unread_count(theirs, seen)});
}

Outcome<std::vector<ConversationView>> HistoryReader::read_conversations(const UserId& user) const {
  const auto peers = store_.conversation_peers(user);
  if (!peers) return refusal_of(peers.error());
  std::vector<ConversationView> views;
  for (const auto& peer : *peers) {
    auto view = read_conversation(user, peer);
    if (!view) return refusal_of(view.error());
    if (view.value()) views.push_back(std::move(*view.value()));
  }
  std::sort(views.begin(), views.end(), [](const ConversationView& a, const ConversationView& b) {
    return a.last_message->timestamp > b.last_message->timestamp;
  });
  return views;
}

Outcome<HistoryPage> HistoryReader::read_page(const UserId& user, const UserId& peer,
                                              std::optional<ConversationSeq> before, std::size_t limit) const {
  constexpr const char* kNobody = "there is no conversation with this user";
  if (user == peer) return not_found(kNobody);
  const auto pair = ConversationKey::of(user, peer);
  const auto messages = store_.history(pair, before, limit);
  if (!messages) return refusal_of(messages.error());
  if (messages->empty()) {
    const auto relation = store_.relation(pair);
    if (!relation) return refusal_of(relation.error());
    const auto any = store_.history(pair, std::nullopt, 1);
    if (!any) return refusal_of(any.error());
    // As after an end of the friendship: otherwise the blocked side could tell a block from that.
    if (any->empty() && !are_friends(*relation)) return not_found(kNobody);
  }
  HistoryPage page;
  MessageViewer viewer(store_, cipher_, user);
  for (const auto& message : *messages) {
    auto view = viewer.view(message);
    if (!view) return refusal_of(view.error());
    page.messages.push_back(std::move(*view));
  }
  if (messages->size() == limit && messages->back().seq > ConversationSeq(1)) page.next = messages->back().seq;
  return page;
}

Outcome<MessageView> HistoryReader::read_message(const UserId& user, const MessageId& id) const {
  const auto message = store_.message(id);
  if (!message) return refusal_of(message.error());
  if (!message.value() || !message.value()->conversation().has(user)) return not_found("there is no such message");
  MessageViewer viewer(store_, cipher_, user);
  auto view = viewer.view(*message.value());
  if (!view) return refusal_of(view.error());
  return std::move(*view);
}

/// Another node does not know where this one's sessions read. Whoever passed over what it has trimmed would never be
/// told `reset` (I10); without the page the session is where it was when this node's lane learns of the trim and closes
/// it.
Read<bool> HistoryReader::has_trimmed_gap(const UserId& owner, MailboxSeq after, const MailboxPage& page) const {
  if (!store_.shared()) return false;
  auto missing = after.next();
  for (const auto& row : page.rows) {
    if (row.entry.position != missing) break;
    missing = missing.next();
  }
  if (missing > page.through) return false;
  const auto bounds = store_.mailbox_bounds(owner);  // behind the rows: what was trimmed before they were read is in it
  if (!bounds) return base::fail(bounds.error());
  return bounds->first > missing;
}

Outcome<LogPage> HistoryReader::read_entries(const UserId& owner, MailboxSeq after, PageLimit limit) const {
  auto rows = store_.read_mailbox(owner, after, limit);
  if (!rows) return refusal_of(rows.error());
  const auto gap = has_trimmed_gap(owner, after, *rows);
  if (!gap) return refusal_of(gap.error());
  if (*gap) return Refusal{ErrorCode::kRetry, "another node has trimmed what comes next", 1, {}, {}};
  LogPage page;
  page.through = rows->through;
  page.items.reserve(rows->rows.size());
  MessageViewer viewer(store_, cipher_, owner);
  for (auto& row : rows->rows) {
    auto item = std::make_shared<LogItem>();
    item->entry = std::move(row.entry);
    if (row.message) {
      auto view = viewer.view(*row.message);
      if (!view && view.error() == StoreError::kNoKey) {
        page.through = MailboxSeq(item->entry.position.value - 1);
        page.no_key = true;
        return page;
      }
      if (!view) return refusal_of(view.error());
      item->author_ordinal = row.message->sender_ordinal;
      // What cannot be opened is "no message" to the pump, which has it failed for everyone.
      if (view->failure != FailureReason::kUnreadable || row.message->failure) item->message = std::move(*view);
    } else if (item->entry.kind == EntryKind::kRelation) {
      const auto peer = if_readable(store_.user(item->entry.peer));
      if (!peer) return refusal_of(peer.error());
      if (peer.value()) item->peer_name = peer.value()->username;
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

}  // namespace chat
