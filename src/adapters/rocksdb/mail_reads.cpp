// The MailStore half of RocksDbStore.
//
// Looking up by id or client id takes two rows without a snapshot: the first is never changed, only erased, and the
// second is checked to be the one that was meant, so any moment between the two calls is a true answer.

#include <algorithm>

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/mailbox_page.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

chat::Read<std::optional<chat::Message>> find_message(const Database& database,
                                                      const chat::ConversationKey& conversation,
                                                      chat::ConversationSeq seq) {
  return database.find<chat::Message>(message_key(conversation, seq).view(),
                                      [&](std::string_view key, std::string_view row, chat::Message& out) {
                                        return decode(key, row, conversation, seq, out);
                                      });
}

/// Where the kept part of a mailbox begins, at the earliest.
chat::Read<chat::MailboxSeq> floor_of(const Database& database, const chat::UserId& owner) {
  const auto floor = database.find<std::uint64_t>(floor_key(owner).view(), decode_number);
  if (floor.ok()) return chat::MailboxSeq(floor->value_or(1));
  // Without the row the walk begins at 1: slower over trimmed entries, and right.
  if (floor.error() == chat::StoreError::kCorrupt) return chat::MailboxSeq(1);
  return base::fail(floor.error());
}

/// More entries than this are cheaper by iterator.
constexpr std::size_t kQuickEntries = 4;

chat::Read<std::optional<chat::MailboxEntry>> find_entry(const Database& database, const chat::UserId& owner,
                                                         chat::MailboxSeq position) {
  return database.find<chat::MailboxEntry>(entry_key(owner, position).view(),
                                           [&](std::string_view key, std::string_view row, chat::MailboxEntry& out) {
                                             return decode(key, row, owner, position, out);
                                           });
}

bool may_supersede(const chat::MailboxEntry& entry) {
  return entry.kind == chat::EntryKind::kStatus || entry.kind == chat::EntryKind::kOwnRead;
}

/// The page of a pump that keeps up: the few newest entries, which are still in memory, by single look-ups that touch
/// no file. nullopt: there are more, or something is unusual, and the iterator has to look.
std::optional<chat::MailboxPage> read_newest_few(const Database& database, const chat::UserId& owner,
                                                 chat::MailboxSeq from, const chat::PageLimit& limit) {
  chat::MailboxPage page{{}, chat::MailboxSeq(from.value - 1)};
  std::size_t bytes = 0;
  for (auto position = from;; position = position.next()) {
    const auto entry = find_entry(database, owner, position);
    if (!entry) return std::nullopt;
    if (!*entry) break;  // beyond the head: there are no holes above the floor
    if (page.rows.size() == std::min(kQuickEntries, limit.entries)) return std::nullopt;
    auto& row = page.rows.emplace_back();
    row.entry = **entry;
    page.through = position;
    if (row.entry.kind != chat::EntryKind::kMessage) continue;
    const auto found = find_message(database, chat::ConversationKey::of(owner, row.entry.peer), row.entry.seq);
    if (!found || !*found || (*found)->id != row.entry.message) return std::nullopt;
    row.message = *found;
    bytes += row.message->content.bytes.size();
    if (bytes > limit.bytes) return std::nullopt;
  }
  // A watermark that nothing follows is the newest; of several, the steps decide.
  const auto last = page.rows.empty() ? page.rows.end() : std::prev(page.rows.end());
  const bool unclear =
      std::any_of(page.rows.begin(), last, [](const chat::MailboxRow& row) { return may_supersede(row.entry); });
  if (unclear) return std::nullopt;
  return page;
}

chat::Read<chat::MailboxPage> read_entry_by_entry(const Database& database, const chat::UserId& owner,
                                                  chat::MailboxSeq from, chat::MailboxSeq head, std::size_t most) {
  chat::MailboxPage page{{}, chat::MailboxSeq(from.value - 1)};
  for (auto position = from; position <= head && page.rows.size() < most; position = position.next()) {
    page.through = position;
    const auto entry = find_entry(database, owner, position);
    if (!entry && entry.error() != chat::StoreError::kCorrupt) return base::fail(entry.error());
    if (entry && !*entry) continue;
    chat::MailboxRow row;
    row.entry.owner = owner;
    row.entry.position = position;
    if (entry) row.entry = **entry;
    if (entry && row.entry.kind == chat::EntryKind::kMessage) {
      const auto found = find_message(database, chat::ConversationKey::of(owner, row.entry.peer), row.entry.seq);
      if (found && *found && (*found)->id == row.entry.message) row.message = *found;
    }
    page.rows.push_back(std::move(row));
  }
  return page;
}

}  // namespace

chat::Read<chat::MailboxBounds> RocksDbStore::mailbox_bounds(const chat::UserId& owner) const {
  const auto floor = floor_of(*database_, owner);
  if (!floor) return base::fail(floor.error());
  auto entries = database_->prefix(Key(Table::kEntry).add(owner).view());
  chat::MailboxBounds bounds;
  entries.to_last();
  if (entries.valid()) {
    bounds.head = position_of(entries.key());
    // The head entry is always there, so this stops at it at the latest.
    entries.seek(entry_key(owner, std::min(*floor, bounds.head)).view());
    if (entries.valid()) bounds.first = position_of(entries.key());
  }
  if (const auto error = entries.error()) return base::fail(*error);
  return bounds;
}

chat::Read<chat::MailboxPage> RocksDbStore::read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                         chat::PageLimit limit) const {
  const auto floor = floor_of(*database_, owner);
  if (!floor) return base::fail(floor.error());
  const auto from = std::max(after.next(), *floor);
  if (after >= *floor || *floor == chat::MailboxSeq(1)) {
    auto page = read_newest_few(*database_, owner, from, limit);
    // Nothing there: the head, unless the floor row was lost, which reads as 1.
    if (page && (!page->rows.empty() || floor->value > 1)) return std::move(*page);
  }
  auto page = MailboxPageReader(*database_, owner, limit).read(after, *floor);
  if (page || page.error() != chat::StoreError::kCorrupt) return page;
  // A whole block of the file is damaged. What lies around it can still be read one by one, and the rest gets named.
  const auto bounds = mailbox_bounds(owner);
  if (!bounds) return base::fail(bounds.error());
  return read_entry_by_entry(*database_, owner, from, bounds->head, limit.entries);
}

chat::Read<std::optional<chat::EpochNumber>> RocksDbStore::entry_epoch(const chat::UserId& owner,
                                                                       chat::MailboxSeq position) const {
  const auto entry = find_entry(*database_, owner, position);
  if (!entry) return base::fail(entry.error());
  if (!*entry) return std::optional<chat::EpochNumber>();
  return std::optional((*entry)->epoch);
}

chat::Read<std::optional<chat::Message>> RocksDbStore::message(const chat::MessageId& id) const {
  const auto place = database_->find<MessagePlace>(message_id_key(id).view(), kDecode);
  if (!place) return base::fail(place.error());
  if (!*place) return std::optional<chat::Message>();
  auto found = find_message(*database_, (*place)->conversation, (*place)->seq);
  if (found && *found && (*found)->id != id) return std::optional<chat::Message>();
  return found;
}

chat::Read<std::optional<chat::Message>> RocksDbStore::message_by_client_id(const chat::UserId& sender,
                                                                            const chat::UserId& recipient,
                                                                            std::string_view client_id) const {
  const auto seq = database_->find<std::uint64_t>(client_id_key(sender, recipient, client_id).view(), decode_number);
  if (!seq) return base::fail(seq.error());
  if (!*seq) return std::optional<chat::Message>();
  const auto conversation = chat::ConversationKey::of(sender, recipient);
  auto found = find_message(*database_, conversation, chat::ConversationSeq(**seq));
  if (!found || !*found) return found;
  auto& message = **found;
  // What took the place of a damaged row does not know its client id: the index alone does.
  if (message.failure == chat::FailureReason::kUnreadable && message.client_id.empty()) message.client_id = client_id;
  if (message.sender != sender || message.client_id != client_id) return std::optional<chat::Message>();
  return found;
}

chat::Read<std::vector<chat::Message>> RocksDbStore::history(const chat::ConversationKey& conversation,
                                                             std::optional<chat::ConversationSeq> before,
                                                             std::size_t limit) const {
  std::vector<chat::Message> newest_first;
  if (limit == 0 || (before && before->value == 0)) return newest_first;
  auto rows = database_->prefix(Key(Table::kMessage).add(conversation).view());
  if (before) {
    rows.seek_back(message_key(conversation, chat::ConversationSeq(before->value - 1)).view());
  } else {
    rows.to_last();
  }
  for (; rows.valid() && newest_first.size() < limit; rows.previous()) {
    chat::Message message;
    const chat::ConversationSeq seq(number_of(rows.key()));
    if (decode(rows.key(), rows.row(), conversation, seq, message)) {
      newest_first.push_back(std::move(message));
    } else {
      database_->note_damage(rows.key());
    }
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return newest_first;
}

chat::Read<chat::ConversationSeq> RocksDbStore::newest_number(const chat::ConversationKey& conversation) const {
  auto rows = database_->prefix(Key(Table::kMessage).add(conversation).view());
  rows.to_last();
  if (rows.valid()) return chat::ConversationSeq(number_of(rows.key()));
  if (const auto error = rows.error()) return base::fail(*error);
  return chat::ConversationSeq();
}

chat::Read<std::vector<chat::UserId>> RocksDbStore::conversation_peers(const chat::UserId& user) const {
  std::vector<chat::UserId> peers;
  const Key prefix = Key(Table::kPeer).add(user);
  auto rows = database_->prefix(prefix.view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    auto& peer = peers.emplace_back();
    const auto bytes = rows.key().substr(prefix.view().size());
    std::copy_n(bytes.begin(), std::min(bytes.size(), peer.bytes.size()), peer.bytes.begin());
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return peers;
}

chat::Read<std::optional<chat::WatermarkStep>> RocksDbStore::watermark(
    const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
    std::optional<chat::ConversationSeq> covering) const {
  const Key prefix = watermark_prefix(author, reader, kind);
  auto rows = database_->prefix(prefix.view());
  if (covering) {
    Key from = prefix;
    rows.seek(from.add_number(covering->value).view());
  } else {
    rows.to_last();
  }
  if (const auto error = rows.error()) return base::fail(*error);
  if (!rows.valid()) return std::optional<chat::WatermarkStep>();
  std::optional<chat::WatermarkStep> step(std::in_place);
  if (decode(rows.key(), rows.row(), chat::ConversationSeq(number_of(rows.key())), *step)) return step;
  database_->note_damage(rows.key());
  return base::fail(chat::StoreError::kCorrupt);
}

chat::Read<std::optional<chat::WrappedKey>> RocksDbStore::current_key(const chat::ConversationKey& conversation) const {
  const auto id = database_->find<chat::KeyId>(Key(Table::kCurrentKey).add(conversation).view(), kDecodeId);
  if (!id) return base::fail(id.error());
  if (!*id) return std::optional<chat::WrappedKey>();
  return key(**id);
}

chat::Read<std::optional<chat::WrappedKey>> RocksDbStore::key(const chat::KeyId& id) const {
  return database_->find<chat::WrappedKey>(Key(Table::kKey).add(id).view(), kDecode);
}

}  // namespace adapters::rocksdb
