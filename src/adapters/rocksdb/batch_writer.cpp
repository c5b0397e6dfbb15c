#include "adapters/rocksdb/batch_writer.hpp"

#include <algorithm>

#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

namespace {
constexpr std::uint64_t kRangeTrim = 1024;    // from here on one range deletion is cheaper than the single ones
constexpr std::size_t kMaxMarks = 64 * 1024;  // some 4 MB; forgetting all costs two reads per mailbox later
}  // namespace

base::Result<::rocksdb::WriteBatch*, chat::StoreError> BatchWriter::write(const chat::CommitBatch& batch) {
  rows_.Clear();
  staged_.clear();
  trimmed_ranges_.clear();
  if (marks_.size() > kMaxMarks) marks_.clear();
  const auto abandon = [this](chat::StoreError cause) {
    marks_.clear();
    return base::fail(cause);
  };
  if (auto done = erase(batch); !done) return abandon(done.error());
  put_mail(batch);
  put_accounts(batch);
  if (auto done = put_users(batch.users); !done) return abandon(done.error());
  if (auto done = put_push(batch); !done) return abandon(done.error());
  // The heads that trims go by include this batch; marks that are read below would not, hence after the entries.
  for (const auto& each : batch.trims) {
    if (auto loaded = marks(each.owner); !loaded) return abandon(loaded.error());
  }
  for (const auto& entry : batch.entries) {
    const auto known = marks_.find(entry.owner);
    if (known != marks_.end()) known->second.head = std::max(known->second.head, entry.position);
  }
  for (const auto& each : batch.trims) {
    if (auto done = trim(each); !done) return abandon(done.error());
  }
  staged_.write_to(rows_);
  for (const auto& [from, to] : trimmed_ranges_) rows_.DeleteRange(slice(from.view()), slice(to.view()));
  return &rows_;
}

void BatchWriter::put_mail(const chat::CommitBatch& batch) {
  for (const auto& message : batch.messages) put_message(message);
  for (const auto& entry : batch.entries) put_entry(entry);
  for (const auto& position : batch.positions) {
    const Key key = Key(Table::kPosition).add(position.user).add(position.device.value);
    put(key, encode_number(position.position.value, key.view(), buffer_));
  }
  for (const auto& step : batch.watermark_steps) {
    const Key key = watermark_prefix(step.author, step.reader, step.kind).add_number(step.up_to.value);
    put(key, encode(step, key.view(), buffer_));
  }
  for (const auto& wrapped : batch.keys) {
    const Key key = Key(Table::kKey).add(wrapped.id);
    put(key, encode(wrapped, key.view(), buffer_));
    const Key current = Key(Table::kCurrentKey).add(wrapped.conversation);
    put(current, encode_id(wrapped.id, current.view(), buffer_));
    put(Key(Table::kKeyOfConversation).add(wrapped.conversation).add(wrapped.id), {});
  }
}

void BatchWriter::put_message(const chat::Message& message) {
  const auto conversation = message.conversation();
  const Key key = message_key(conversation, message.seq);
  put(key, encode(message, key.view(), buffer_));
  const Key id = message_id_key(message.id);
  put(id, encode(MessagePlace{conversation, message.seq}, id.view(), buffer_));
  if (!message.client_id.empty()) {
    const Key client = client_id_key(message.sender, message.recipient, message.client_id);
    put(client, encode_number(message.seq.value, client.view(), buffer_));
  }
  if (message.seq == chat::ConversationSeq(1)) {
    put(Key(Table::kPeer).add(conversation.low).add(conversation.high), {});
    put(Key(Table::kPeer).add(conversation.high).add(conversation.low), {});
  }
}

void BatchWriter::put_entry(const chat::MailboxEntry& entry) {
  const Key key = entry_key(entry.owner, entry.position);
  put(key, encode(entry, key.view(), buffer_));
}

void BatchWriter::put_accounts(const chat::CommitBatch& batch) {
  for (const auto& device : batch.devices) {
    const Key key = Key(Table::kDevice).add(device.user).add(device.id.value);
    put(key, encode(device, key.view(), buffer_));
  }
  for (const auto& login : batch.logins) {
    const Key key = Key(Table::kLogin).add(login.id);
    put(key, encode(login, key.view(), buffer_));
    put(Key(Table::kLoginOfUser).add(login.user).add(login.id), {});
  }
  for (const auto& relation : batch.relations) {
    const auto& [low, high] = relation.pair;
    for (const Key& key : {Key(Table::kRelation).add(low).add(high), Key(Table::kRelation).add(high).add(low)}) {
      put(key, encode(relation, key.view(), buffer_));
    }
  }
}

base::Result<BatchWriter::Marks*, chat::StoreError> BatchWriter::marks(const chat::UserId& owner) {
  if (const auto known = marks_.find(owner); known != marks_.end()) return &known->second;
  Marks read;
  auto entries = database_.prefix(Key(Table::kEntry).add(owner).view());
  entries.to_last();
  if (entries.valid()) read.head = position_of(entries.key());
  if (const auto error = entries.error()) return base::fail(*error);
  const Key key = floor_key(owner);
  const auto floor = database_.find<std::uint64_t>(key.view(), decode_number);
  // A damaged floor row is healed by the next trim: deleting again what is gone is harmless.
  if (!floor && floor.error() != chat::StoreError::kCorrupt) return base::fail(floor.error());
  read.first = chat::MailboxSeq(floor && *floor ? **floor : 1);
  return &marks_.emplace(owner, read).first->second;
}

BatchWriter::Done BatchWriter::trim(const chat::MailboxTrim& trim) {
  const auto found = marks(trim.owner);
  if (!found) return base::fail(found.error());
  Marks& marks = **found;
  const auto floor = std::min(trim.below, marks.head);
  if (floor <= marks.first) return {};
  delete_entries(trim.owner, marks.first, floor);
  const Key key = floor_key(trim.owner);
  put(key, encode_number(floor.value, key.view(), buffer_));
  marks.first = floor;
  return {};
}

void BatchWriter::delete_entries(const chat::UserId& owner, chat::MailboxSeq from, chat::MailboxSeq to) {
  if (to.value - from.value >= kRangeTrim) {
    // Begins just behind the entry before: the same range, and no key that an entry could have (settings.cpp).
    const auto before = chat::MailboxSeq(from.value - 1);
    trimmed_ranges_.emplace_back(entry_key(owner, before).add_byte(0), entry_key(owner, to));
    return;
  }
  for (auto position = from; position < to; position = position.next()) delete_key(entry_key(owner, position));
}

BatchWriter::Done BatchWriter::put_users(const std::vector<chat::User>& users) {
  std::unordered_map<chat::UserId, const chat::User*> last;  // of two rows for one user the later one counts
  for (const auto& user : users) last[user.id] = &user;
  // All old names go before any new one comes: a name may pass from one user of the batch to another.
  for (const auto& [id, user] : last) {
    if (auto done = forget_names(id); !done) return done;
  }
  for (const auto& each : users) {
    const chat::User& user = *last[each.id];
    const Key key = Key(Table::kUser).add(user.id);
    put(key, encode(user, key.view(), buffer_));
    const Key name = Key(Table::kUsername).add(lower_case(user.username));
    put(name, encode_id(user.id, name.view(), buffer_));
    const Key email = Key(Table::kEmail).add(lower_case(user.email));
    put(email, encode_id(user.id, email.view(), buffer_));
  }
  return {};
}

}  // namespace adapters::rocksdb
