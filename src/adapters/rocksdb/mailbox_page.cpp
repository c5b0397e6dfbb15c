#include "adapters/rocksdb/mailbox_page.hpp"

#include <algorithm>

#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

/// Large enough to find runs of messages, small enough to waste little when the byte limit cuts the page.
constexpr std::size_t kChunk = 64;
/// A search costs about as much as this many steps.
constexpr std::uint64_t kMaxSteps = 8;

bool message_order(const chat::MailboxRow* a, const chat::MailboxRow* b) {
  if (a->entry.peer != b->entry.peer) return a->entry.peer < b->entry.peer;
  return a->entry.seq < b->entry.seq;
}

}  // namespace

MailboxPageReader::MailboxPageReader(const Database& database, const chat::UserId& owner, chat::PageLimit limit)
    : database_(database),
      owner_(owner),
      limit_(limit),
      rows_(database.range(std::string(Key(Table::kMessage).view()), end_of(Key(Table::kEntry).add(owner).view()))) {
  limit_.entries = std::max<std::size_t>(limit_.entries, 1);
}

chat::Read<chat::MailboxPage> MailboxPageReader::read(chat::MailboxSeq after, chat::MailboxSeq first) {
  page_.through = after;
  auto next = std::max(after.next(), first);
  bool room = true;
  while (room && !at_end_ && looked_at_ < chat::kMaxEntriesLookedAt) {
    take_chunk(next);
    if (chunk_.empty()) break;
    next = chunk_.back().entry.position.next();
    std::erase_if(chunk_, [&](const chat::MailboxRow& row) {
      const bool gone = superseded(row.entry);
      return gone;
    });
    read_messages();
    room = append_chunk();
    if (room) page_.through = chat::MailboxSeq(next.value - 1);
  }
  if (const auto error = rows_.error()) return base::fail(*error);
  return std::move(page_);
}

void MailboxPageReader::take_chunk(chat::MailboxSeq from) {
  chunk_.clear();
  const std::size_t most =
      std::min({kChunk, limit_.entries - page_.rows.size(), chat::kMaxEntriesLookedAt - looked_at_});
  rows_.seek(entry_key(owner_, from).view());
  for (; rows_.valid() && chunk_.size() < most; rows_.next()) {
    auto& row = chunk_.emplace_back();
    const auto position = position_of(rows_.key());
    if (!decode(rows_.key(), rows_.row(), owner_, position, row.entry)) {
      database_.note_damage(rows_.key());
      row.entry = {};
      row.entry.owner = owner_;
      row.entry.position = position;
    }
  }
  at_end_ = !rows_.valid();
  looked_at_ += chunk_.size();
}

void MailboxPageReader::read_messages() {
  wanted_.clear();
  for (auto& row : chunk_) {
    if (row.entry.kind == chat::EntryKind::kMessage && !row.entry.message.is_zero()) wanted_.push_back(&row);
  }
  if (!std::is_sorted(wanted_.begin(), wanted_.end(), message_order)) {
    std::sort(wanted_.begin(), wanted_.end(), message_order);
  }
  const chat::MailboxRow* before = nullptr;
  for (auto* row : wanted_) {
    const auto& entry = row->entry;
    const Key key = message_key(chat::ConversationKey::of(owner_, entry.peer), entry.seq);
    const bool near =
        before != nullptr && before->entry.peer == entry.peer && entry.seq.value - before->entry.seq.value <= kMaxSteps;
    if (near) {
      while (rows_.valid() && rows_.key() < key.view()) rows_.next();
    } else {
      rows_.seek(key.view());
    }
    if (rows_.valid() && rows_.key() == key.view()) read_message(*row);
    before = row;
  }
}

void MailboxPageReader::read_message(chat::MailboxRow& row) {
  auto& message = row.message.emplace();
  const auto conversation = chat::ConversationKey::of(owner_, row.entry.peer);
  if (!decode(rows_.key(), rows_.row(), conversation, row.entry.seq, message)) {
    database_.note_damage(rows_.key());
    row.message.reset();
  } else if (message.id != row.entry.message) {
    row.message.reset();  // the entry's own message was erased and the number used again
  }
}

bool MailboxPageReader::append_chunk() {
  for (auto& row : chunk_) {
    const std::size_t size = row.message ? row.message->content.bytes.size() : 0;
    if (!page_.rows.empty() && bytes_ + size > limit_.bytes) {
      page_.through = chat::MailboxSeq(row.entry.position.value - 1);
      return false;
    }
    bytes_ += size;
    page_.through = row.entry.position;
    page_.rows.push_back(std::move(row));
    if (page_.rows.size() == limit_.entries) return false;
  }
  return true;
}

bool MailboxPageReader::superseded(const chat::MailboxEntry& entry) {
  if (entry.kind == chat::EntryKind::kStatus) {
    const auto& newest = newest_entries(entry.peer);
    return (entry.watermark == chat::WatermarkKind::kRead ? newest.read : newest.delivered) > entry.position;
  }
  return entry.kind == chat::EntryKind::kOwnRead && newest_entries(entry.peer).own_read > entry.position;
}

const MailboxPageReader::NewestEntries& MailboxPageReader::newest_entries(const chat::UserId& peer) {
  const auto [place, fresh] = newest_.try_emplace(peer);
  if (fresh) {
    using chat::WatermarkKind;
    if (const auto step = newest_step(owner_, peer, WatermarkKind::kDelivered))
      place->second.delivered = step->author_entry;
    if (const auto step = newest_step(owner_, peer, WatermarkKind::kRead)) place->second.read = step->author_entry;
    if (const auto step = newest_step(peer, owner_, WatermarkKind::kRead)) place->second.own_read = step->reader_entry;
  }
  return place->second;
}

std::optional<chat::WatermarkStep> MailboxPageReader::newest_step(const chat::UserId& author,
                                                                  const chat::UserId& reader,
                                                                  chat::WatermarkKind kind) {
  const Key prefix = watermark_prefix(author, reader, kind);
  Key last = prefix;
  rows_.seek_back(last.add_number(~std::uint64_t{0}).view());
  if (!rows_.valid() || !rows_.key().starts_with(prefix.view())) return std::nullopt;
  chat::WatermarkStep step;
  if (decode(rows_.key(), rows_.row(), chat::ConversationSeq(number_of(rows_.key())), step)) return step;
  database_.note_damage(rows_.key());
  return std::nullopt;  // shown once too often rather than never
}

}  // namespace adapters::rocksdb
