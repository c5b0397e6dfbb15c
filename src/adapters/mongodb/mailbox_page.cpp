#include "adapters/mongodb/mailbox_page.hpp"

#include <algorithm>

#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

/// Entries per query: few round trips for a long backlog, little waste when the byte limit cuts the page.
constexpr std::size_t kChunk = 64;
/// Entries that turn out to be superseded cost little; a run of them is passed in larger steps.
constexpr std::size_t kLongChunk = 1024;

}  // namespace

MailboxPageReader::MailboxPageReader(const RowReader& reader, Connection& connection, const chat::UserId& owner,
                                     chat::PageLimit limit)
    : reader_(reader), connection_(connection), owner_(owner), limit_(limit) {
  limit_.entries = std::max<std::size_t>(limit_.entries, 1);
}

Done MailboxPageReader::read(chat::MailboxSeq after, chat::MailboxPage& page) {
  page.through = after;
  std::size_t looked_at = 0;
  std::size_t step = std::min(kChunk, limit_.entries);
  while (looked_at < chat::kMaxEntriesLookedAt) {
    const auto most = std::min(step, chat::kMaxEntriesLookedAt - looked_at);
    if (auto failed = take_chunk(page.through, most)) return failed;
    const bool at_end = chunk_.size() < most;
    if (auto failed = mark_superseded()) return failed;
    const std::size_t live = cut_chunk();
    looked_at += chunk_.size();
    if (auto failed = read_messages()) return failed;
    if (!append_chunk(page) || (at_end && chunk_.size() < most)) break;
    step = live == 0 ? kLongChunk : kChunk;
  }
  return std::nullopt;
}

/// No more rows that have to be shown than a page of messages is worth. Returns their number.
std::size_t MailboxPageReader::cut_chunk() {
  std::size_t live = 0;
  for (std::size_t i = 0; i < chunk_.size(); ++i) {
    if (chunk_[i].superseded) continue;
    if (++live == kChunk) chunk_.resize(i + 1);
  }
  return live;
}

Done MailboxPageReader::take_chunk(chat::MailboxSeq after, std::size_t most) {
  chunk_.clear();
  Document filter;
  filter.add("owner", owner_).add("position", Document().add("$gt", after));
  Document options;
  options.add("sort", Document().add("position", 1)).add("limit", most);
  return connection_.find(kEntries, filter, options, [&](const bson_t* document) {
    auto& row = chunk_.emplace_back().row;
    if (decode(document, row.entry)) return true;
    reader_.note_damage(kEntries);
    // Its number is what the query went by, so it can be read.
    chat::MailboxSeq position;
    Fields(document).get("position", position);
    if (position <= after) {  // of a numeric type that no program of ours or of an application's writes
      chunk_.pop_back();
      return true;
    }
    row.entry = {};
    row.entry.owner = owner_;
    row.entry.position = position;
    return true;
  });
}

Done MailboxPageReader::mark_superseded() {
  for (auto& each : chunk_) {
    const auto& entry = each.row.entry;
    chat::MailboxSeq newer;
    if (entry.kind == chat::EntryKind::kStatus) {
      chat::WatermarkStep step;
      if (auto failed = newest_step({entry.owner, entry.peer, entry.watermark}, step)) return failed;
      newer = step.author_entry;
    } else if (entry.kind == chat::EntryKind::kOwnRead) {
      chat::WatermarkStep step;
      if (auto failed = newest_step({entry.peer, entry.owner, chat::WatermarkKind::kRead}, step)) return failed;
      newer = step.reader_entry;
    }
    each.superseded = newer > entry.position;
  }
  return std::nullopt;
}

Done MailboxPageReader::newest_step(const Mark& mark, chat::WatermarkStep& step) {
  const auto [known, fresh] = newest_.try_emplace(mark);
  if (fresh) {
    const auto& [author, reader, kind] = mark;
    Document filter;
    filter.add("author", author).add("reader", reader).add("kind", to_text(kind));
    Document options;
    options.add("sort", Document().add("upTo", -1)).add("limit", 1);
    auto failed = connection_.find(kWatermarks, filter, options, [&](const bson_t* document) {
      // A damaged one supersedes nothing: what it would hide is shown.
      if (!decode(document, known->second)) {
        known->second = {};
        reader_.note_damage(kWatermarks);
      }
      return true;
    });
    if (failed) return failed;
  }
  step = known->second;
  return std::nullopt;
}

Done MailboxPageReader::read_messages() {
  std::vector<chat::MessageId> ids;
  std::vector<std::string> conversations;  // the shards concerned
  std::map<chat::MessageId, chat::MailboxRow*> wanted;
  for (auto& [row, superseded] : chunk_) {
    const auto& entry = row.entry;
    if (entry.kind != chat::EntryKind::kMessage || entry.message.is_zero()) continue;
    ids.push_back(entry.message);
    auto conversation = conversation_text(chat::ConversationKey::of(owner_, entry.peer));
    if (conversations.empty() || conversations.back() != conversation) conversations.push_back(std::move(conversation));
    wanted[entry.message] = &row;
  }
  if (ids.empty()) return std::nullopt;
  std::sort(conversations.begin(), conversations.end());
  conversations.erase(std::unique(conversations.begin(), conversations.end()), conversations.end());
  Document filter;
  filter.add("_id", Document().add_array("$in", ids));
  filter.add("conversation", Document().add_array("$in", conversations));
  Document options;
  options.add("hint", Document().add("_id", 1));
  return connection_.find(kMessages, filter, options, [&](const bson_t* document) {
    chat::Message message;
    if (!decode(document, message)) {
      reader_.note_damage(kMessages);
      return true;
    }
    const auto row = wanted.find(message.id);
    if (row != wanted.end() && row->second->entry.seq == message.seq) row->second->message = std::move(message);
    return true;
  });
}

bool MailboxPageReader::append_chunk(chat::MailboxPage& page) {
  for (auto& [row, superseded] : chunk_) {
    const auto position = row.entry.position;
    if (!superseded) {
      const std::size_t size = row.message ? row.message->content.bytes.size() : 0;
      if (!page.rows.empty() && bytes_ + size > limit_.bytes) return false;
      bytes_ += size;
      page.rows.push_back(std::move(row));
    }
    page.through = position;
    if (page.rows.size() >= limit_.entries) return false;
  }
  return true;
}

}  // namespace adapters::mongodb
