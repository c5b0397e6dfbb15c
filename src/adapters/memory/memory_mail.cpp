// The MailStore half of MemoryStore.

#include <algorithm>

#include "adapters/memory/memory_store.hpp"

namespace adapters::memory {

namespace {

template <class Map, class Key>
auto find_row(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

std::optional<chat::Message> find_message(const MemoryState& state, const chat::ConversationKey& conversation,
                                          chat::ConversationSeq seq) {
  const auto found = state.conversations.find(conversation);
  if (found == state.conversations.end()) return std::nullopt;
  return find_row(found->second, seq);
}

std::optional<chat::WatermarkStep> newest_step(const MemoryState& state, const MemoryState::WatermarkKey& key) {
  const auto found = state.watermarks.find(key);
  if (found == state.watermarks.end() || found->second.empty()) return std::nullopt;
  return found->second.rbegin()->second;
}

bool superseded(const MemoryState& state, const chat::MailboxEntry& entry) {
  if (entry.kind == chat::EntryKind::kStatus) {
    const auto step = newest_step(state, {entry.owner, entry.peer, entry.watermark});
    return step && step->author_entry > entry.position;
  }
  if (entry.kind == chat::EntryKind::kOwnRead) {
    const auto step = newest_step(state, {entry.peer, entry.owner, chat::WatermarkKind::kRead});
    return step && step->reader_entry > entry.position;
  }
  return false;
}

chat::MailboxRow row_of(const MemoryState& state, const chat::MailboxEntry& entry) {
  chat::MailboxRow row{entry, std::nullopt};
  if (entry.kind == chat::EntryKind::kMessage) {
    row.message = find_message(state, chat::ConversationKey::of(entry.owner, entry.peer), entry.seq);
    if (row.message && row.message->id != entry.message) row.message.reset();
  }
  return row;
}

chat::MailboxPage page_of(const MemoryState& state, const std::map<chat::MailboxSeq, chat::MailboxEntry>& entries,
                          chat::MailboxSeq after, chat::PageLimit limit) {
  chat::MailboxPage page{{}, after};
  std::size_t bytes = 0;
  std::size_t looked_at = 0;
  for (auto at = entries.upper_bound(after); at != entries.end(); ++at) {
    if (looked_at == chat::kMaxEntriesLookedAt) return page;
    ++looked_at;
    if (!superseded(state, at->second)) {
      auto row = row_of(state, at->second);
      const std::size_t size = row.message ? row.message->content.bytes.size() : 0;
      if (!page.rows.empty() && bytes + size > limit.bytes) return page;
      bytes += size;
      page.rows.push_back(std::move(row));
    }
    page.through = at->first;
    if (!page.rows.empty() && page.rows.size() >= limit.entries) return page;
  }
  return page;
}

}  // namespace

chat::Read<chat::MailboxBounds> MemoryStore::mailbox_bounds(const chat::UserId& owner) const {
  return reading([&](const MemoryState& state) -> chat::MailboxBounds {
    const auto found = state.mailboxes.find(owner);
    if (found == state.mailboxes.end() || found->second.empty()) return {};
    return {.first = found->second.begin()->first, .head = found->second.rbegin()->first};
  });
}

chat::Read<chat::MailboxPage> MemoryStore::read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                        chat::PageLimit limit) const {
  return reading([&](const MemoryState& state) -> chat::MailboxPage {
    const auto found = state.mailboxes.find(owner);
    if (found == state.mailboxes.end()) return {{}, after};
    return page_of(state, found->second, after, limit);
  });
}

chat::Read<std::optional<chat::EpochNumber>> MemoryStore::entry_epoch(const chat::UserId& owner,
                                                                      chat::MailboxSeq position) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::EpochNumber> {
    const auto found = state.mailboxes.find(owner);
    if (found == state.mailboxes.end()) return std::nullopt;
    const auto entry = find_row(found->second, position);
    if (!entry) return std::nullopt;
    return entry->epoch;
  });
}

chat::Read<std::optional<chat::Message>> MemoryStore::message(const chat::MessageId& id) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::Message> {
    const auto place = find_row(state.message_places, id);
    if (!place) return std::nullopt;
    return find_message(state, place->conversation, place->seq);
  });
}

chat::Read<std::optional<chat::Message>> MemoryStore::message_by_client_id(const chat::UserId& sender,
                                                                           const chat::UserId& recipient,
                                                                           std::string_view client_id) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::Message> {
    const auto seq = find_row(state.client_ids, MemoryState::ClientKey{sender, recipient, std::string(client_id)});
    if (!seq) return std::nullopt;
    return find_message(state, chat::ConversationKey::of(sender, recipient), *seq);
  });
}

chat::Read<std::vector<chat::Message>> MemoryStore::history(const chat::ConversationKey& conversation,
                                                            std::optional<chat::ConversationSeq> before,
                                                            std::size_t limit) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::Message> newest_first;
    const auto found = state.conversations.find(conversation);
    if (found == state.conversations.end()) return newest_first;
    const auto& messages = found->second;
    auto at = before ? messages.lower_bound(*before) : messages.end();
    while (at != messages.begin() && newest_first.size() < limit) newest_first.push_back((--at)->second);
    return newest_first;
  });
}

chat::Read<chat::ConversationSeq> MemoryStore::newest_number(const chat::ConversationKey& conversation) const {
  return reading([&](const MemoryState& state) -> chat::ConversationSeq {
    const auto found = state.conversations.find(conversation);
    if (found == state.conversations.end() || found->second.empty()) return {};
    return found->second.rbegin()->first;
  });
}

chat::Read<std::vector<chat::UserId>> MemoryStore::conversation_peers(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) -> std::vector<chat::UserId> {
    const auto found = state.peers.find(user);
    if (found == state.peers.end()) return {};
    return {found->second.begin(), found->second.end()};
  });
}

chat::Read<std::optional<chat::WatermarkStep>> MemoryStore::watermark(
    const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
    std::optional<chat::ConversationSeq> covering) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::WatermarkStep> {
    const MemoryState::WatermarkKey key{author, reader, kind};
    if (!covering) return newest_step(state, key);
    const auto found = state.watermarks.find(key);
    if (found == state.watermarks.end()) return std::nullopt;
    const auto step = found->second.lower_bound(*covering);
    if (step == found->second.end()) return std::nullopt;
    return step->second;
  });
}

chat::Read<std::optional<chat::WrappedKey>> MemoryStore::current_key(const chat::ConversationKey& conversation) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::WrappedKey> {
    const auto id = find_row(state.current_keys, conversation);
    if (!id) return std::nullopt;
    return find_row(state.keys, *id);
  });
}

chat::Read<std::optional<chat::WrappedKey>> MemoryStore::key(const chat::KeyId& id) const {
  return reading([&](const MemoryState& state) { return find_row(state.keys, id); });
}

}  // namespace adapters::memory
