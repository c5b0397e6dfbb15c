// The MailStore part of MongoStore, but for pages of a mailbox (mailbox_page.cpp).

#include <algorithm>

#include "adapters/mongodb/mailbox_page.hpp"
#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

Document first_by(const char* field, int direction) {
  Document options;
  options.add("sort", Document().add(field, direction)).add("limit", 1);
  return options;
}

/// Messages of a conversation with a number, below `before` when there is one.
Document numbered(const chat::ConversationKey& conversation, std::optional<chat::ConversationSeq> before) {
  Document filter = where("conversation", conversation_text(conversation));
  Document number;
  number.add("$gt", 0);  // what is no number is of another type, and would be the highest
  if (before) number.add("$lt", *before);
  filter.add("seq", number);
  return filter;
}

struct Peers {
  chat::ConversationKey pair;
};
bool decode(const bson_t* document, Peers& out) {
  Fields fields(document);
  fields.get("low", out.pair.low).get("high", out.pair.high);
  return fields.ok();
}

struct CurrentKey {
  std::optional<chat::KeyId> id;
};
bool decode(const bson_t* document, CurrentKey& out) {
  Fields fields(document);
  fields.maybe("key", out.id);
  return fields.ok();
}

}  // namespace

chat::Read<chat::MailboxBounds> MongoStore::mailbox_bounds(const chat::UserId& owner) const {
  chat::MailboxBounds bounds;
  const auto read = reader_->with_connection([&](Connection& connection) {
    // The head first: entries go at the other end only, so the first one is never above it.
    const auto position = [&](int direction, chat::MailboxSeq& to) {
      auto options = first_by("position", direction);
      options.add("projection", Document().add("position", 1));
      return connection.find(kEntries, where("owner", owner), options, [&](const bson_t* row) {
        Fields(row).get("position", to);
        return true;
      });
    };
    auto failed = position(-1, bounds.head);
    if (!failed && bounds.head.value > 0) failed = position(1, bounds.first);
    return failed;
  });
  if (!read) return base::fail(read.error());
  bounds.first = std::min(bounds.first, bounds.head.next());
  return bounds;
}

chat::Read<chat::MailboxPage> MongoStore::read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                       chat::PageLimit limit) const {
  chat::MailboxPage page;
  const auto read = reader_->with_connection(
      [&](Connection& connection) { return MailboxPageReader(*reader_, connection, owner, limit).read(after, page); });
  if (!read) return base::fail(read.error());
  return page;
}

chat::Read<std::optional<chat::EpochNumber>> MongoStore::entry_epoch(const chat::UserId& owner,
                                                                     chat::MailboxSeq position) const {
  Document filter;
  filter.add("owner", owner).add("position", position);
  const auto entry = reader_->find_one<chat::MailboxEntry>(kEntries, filter);
  if (!entry) return base::fail(entry.error());
  if (!*entry) return std::optional<chat::EpochNumber>();
  return std::optional((*entry)->epoch);
}

chat::Read<std::optional<chat::Message>> MongoStore::message(const chat::MessageId& id) const {
  return reader_->find_one<chat::Message>(kMessages, where("_id", id));
}

chat::Read<std::optional<chat::Message>> MongoStore::message_by_client_id(const chat::UserId& sender,
                                                                          const chat::UserId& recipient,
                                                                          std::string_view client_id) const {
  Document filter;
  filter.add("conversation", conversation_text(chat::ConversationKey::of(sender, recipient)))
      .add("sender", sender)
      .add("clientId", client_id);
  return reader_->find_one<chat::Message>(kMessages, filter);
}

chat::Read<std::vector<std::optional<chat::Message>>> MongoStore::messages_by_client_ids(
    std::span<const ClientIdQuestion> questions) const {
  std::vector<std::optional<chat::Message>> answers(questions.size());
  if (questions.empty()) return answers;
  std::vector<Document> either;
  either.reserve(questions.size());
  for (const auto& each : questions) {
    Document one;
    one.add("conversation", conversation_text(chat::ConversationKey::of(each.sender, each.recipient)))
        .add("sender", each.sender)
        .add("clientId", each.client_id);
    either.push_back(std::move(one));
  }
  Document filter;
  filter.add_array("$or", either);
  auto found = reader_->find_all<chat::Message>(kMessages, filter);
  if (!found) return base::fail(found.error());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto& asked = questions[i];
    for (const auto& row : *found) {
      if (row.client_id == asked.client_id && row.sender == asked.sender && row.recipient == asked.recipient) {
        answers[i] = row;
      }
    }
  }
  return answers;
}

chat::Read<std::vector<chat::Message>> MongoStore::history(const chat::ConversationKey& conversation,
                                                           std::optional<chat::ConversationSeq> before,
                                                           std::size_t limit) const {
  std::vector<chat::Message> newest_first;
  const auto read = reader_->with_connection([&](Connection& connection) {
    Done failed;
    // Damaged rows take a place in what the server returns, so it is asked again for as many.
    for (auto below = before; !failed && newest_first.size() < limit;) {
      const std::size_t most = limit - newest_first.size();
      std::size_t looked_at = 0;
      Document options;
      options.add("sort", Document().add("seq", -1)).add("limit", most);
      failed = connection.find(kMessages, numbered(conversation, below), options, [&](const bson_t* row) {
        ++looked_at;
        Fields(row).get("seq", below.emplace());
        if (decode(row, newest_first.emplace_back())) return true;
        newest_first.pop_back();
        reader_->note_damage(kMessages);
        return true;
      });
      if (looked_at < most) break;
    }
    return failed;
  });
  if (!read) return base::fail(read.error());
  return newest_first;
}

chat::Read<chat::ConversationSeq> MongoStore::newest_number(const chat::ConversationKey& conversation) const {
  chat::ConversationSeq newest;
  const auto read = reader_->with_connection([&](Connection& connection) {
    auto options = first_by("seq", -1);
    options.add("projection", Document().add("_id", 0).add("seq", 1));  // the index alone answers
    return connection.find(kMessages, numbered(conversation, std::nullopt), options, [&](const bson_t* row) {
      Fields(row).get("seq", newest);
      return true;
    });
  });
  if (!read) return base::fail(read.error());
  return newest;
}

chat::Read<std::vector<chat::UserId>> MongoStore::conversation_peers(const chat::UserId& user) const {
  std::vector<Document> sides;
  for (const char* const side : {"low", "high"}) {
    Document filter = where(side, user);
    filter.add("exchanged", true);
    sides.push_back(std::move(filter));
  }
  Document either;
  either.add_array("$or", sides);
  const auto rows = reader_->find_readable<Peers>(kConversations, either);
  if (!rows) return base::fail(rows.error());
  std::vector<chat::UserId> peers;
  for (const auto& row : *rows) peers.push_back(row.pair.peer_of(user));
  std::sort(peers.begin(), peers.end());
  return peers;
}

chat::Read<std::optional<chat::WatermarkStep>> MongoStore::watermark(
    const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
    std::optional<chat::ConversationSeq> covering) const {
  Document filter;
  filter.add("author", author).add("reader", reader).add("kind", to_text(kind));
  if (covering) filter.add("upTo", Document().add("$gte", *covering));
  Document options;
  options.add("sort", Document().add("upTo", covering ? 1 : -1));
  return reader_->find_one<chat::WatermarkStep>(kWatermarks, filter, options);
}

chat::Read<std::optional<chat::WrappedKey>> MongoStore::current_key(const chat::ConversationKey& conversation) const {
  const auto id = reader_->find_one<CurrentKey>(kConversations, where("_id", conversation_text(conversation)));
  if (!id) return base::fail(id.error());
  if (!*id || !(*id)->id) return std::optional<chat::WrappedKey>();
  return key(*(*id)->id);
}

chat::Read<std::optional<chat::WrappedKey>> MongoStore::key(const chat::KeyId& id) const {
  return reader_->find_one<chat::WrappedKey>(kKeys, where("_id", id));
}

}  // namespace adapters::mongodb
