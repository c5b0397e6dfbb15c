// Erasures: rare, and the only rows that a commit has to look for.

#include "adapters/rocksdb/batch_writer.hpp"
#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

BatchWriter::Done BatchWriter::erase(const chat::CommitBatch& batch) {
  for (const auto& user : batch.erased_users) {
    if (auto done = erase_user(user); !done) return done;
  }
  for (const auto& conversation : batch.erased_conversations) {
    if (auto done = erase_conversation(conversation); !done) return done;
  }
  for (const auto& [user, device] : batch.erased_devices) {
    delete_key(Key(Table::kDevice).add(user).add(device.value));
    delete_key(Key(Table::kPosition).add(user).add(device.value));
    delete_key(device_trace_key(user, device));
    if (auto done = forget_push_job(user, device); !done) return done;
  }
  for (const auto& [user, device] : batch.erased_push_jobs) {
    if (auto done = forget_push_job(user, device); !done) return done;
  }
  for (const auto& login : batch.erased_logins) {
    if (auto done = erase_login(login); !done) return done;
  }
  return {};
}

void BatchWriter::delete_prefix(const Key& prefix) {
  rows_.DeleteRange(slice(prefix.view()), slice(end_of(prefix.view())));
}

BatchWriter::Done BatchWriter::erase_user(const chat::UserId& user) {
  if (auto done = forget_names(user); !done) return done;
  delete_key(Key(Table::kUser).add(user));
  const Key logins = Key(Table::kLoginOfUser).add(user);
  auto login = database_.prefix(logins.view());
  for (login.to_first(); login.valid(); login.next()) {
    delete_key(Key(Table::kLogin).add(login.key().substr(logins.view().size())));
  }
  if (const auto error = login.error()) return base::fail(*error);
  const Key relations = Key(Table::kRelation).add(user);
  auto relation = database_.prefix(relations.view());
  for (relation.to_first(); relation.valid(); relation.next()) {
    delete_key(Key(Table::kRelation).add(relation.key().substr(relations.view().size())).add(user));
  }
  if (const auto error = relation.error()) return base::fail(*error);
  if (auto done = forget_push_jobs(user); !done) return done;
  for (const Table table :
       {Table::kDevice, Table::kPosition, Table::kLoginOfUser, Table::kRelation, Table::kEntry, Table::kDeviceTrace}) {
    delete_prefix(Key(table).add(user));
  }
  delete_key(floor_key(user));
  marks_.insert_or_assign(user, Marks{chat::MailboxSeq(1), chat::MailboxSeq(0)});
  return {};
}

BatchWriter::Done BatchWriter::erase_login(const chat::LoginId& login) {
  const Key key = Key(Table::kLogin).add(login);
  const auto row = database_.find<chat::Login>(
      key.view(), [](std::string_view k, std::string_view r, chat::Login& out) { return decode(k, r, out); });
  // The list entry of a damaged row stays behind; readers pass over entries without a login.
  if (!row && row.error() != chat::StoreError::kCorrupt) return base::fail(row.error());
  delete_key(key);
  if (row && *row) delete_key(Key(Table::kLoginOfUser).add((*row)->user).add(login));
  return {};
}

BatchWriter::Done BatchWriter::erase_conversation(const chat::ConversationKey& conversation) {
  auto row = database_.prefix(Key(Table::kMessage).add(conversation).view());
  chat::Message message;
  for (row.to_first(); row.valid(); row.next()) {
    // The id of a damaged message is unknown; its index entry points to nothing and reads as absent.
    if (decode(row.key(), row.row(), conversation, chat::ConversationSeq(), message)) {
      delete_key(message_id_key(message.id));
    }
  }
  if (const auto error = row.error()) return base::fail(*error);
  const Key keys = Key(Table::kKeyOfConversation).add(conversation);
  auto key = database_.prefix(keys.view());
  for (key.to_first(); key.valid(); key.next()) {
    delete_key(Key(Table::kKey).add(key.key().substr(keys.view().size())));
  }
  if (const auto error = key.error()) return base::fail(*error);
  for (const Table table : {Table::kClientId, Table::kMessage, Table::kWatermark, Table::kKeyOfConversation}) {
    delete_prefix(Key(table).add(conversation));
  }
  delete_key(Key(Table::kCurrentKey).add(conversation));
  delete_key(Key(Table::kPeer).add(conversation.low).add(conversation.high));
  delete_key(Key(Table::kPeer).add(conversation.high).add(conversation.low));
  return {};
}

BatchWriter::Done BatchWriter::forget_names(const chat::UserId& user) {
  const Key key = Key(Table::kUser).add(user);
  const auto row = database_.find<chat::User>(
      key.view(), [](std::string_view k, std::string_view r, chat::User& out) { return decode(k, r, out); });
  // The names of a damaged row are unknown; their index entries lead to no user of that name and read as absent.
  if (!row && row.error() == chat::StoreError::kCorrupt) return {};
  if (!row) return base::fail(row.error());
  if (!*row) return {};
  if (auto done = forget_name(Key(Table::kUsername).add(lower_case((*row)->username)), user); !done) return done;
  return forget_name(Key(Table::kEmail).add(lower_case((*row)->email)), user);
}

BatchWriter::Done BatchWriter::forget_name(const Key& key, const chat::UserId& user) {
  const auto owner = database_.find<chat::UserId>(
      key.view(), [](std::string_view k, std::string_view r, chat::UserId& out) { return decode_id(k, r, out); });
  if (!owner && owner.error() != chat::StoreError::kCorrupt) return base::fail(owner.error());
  // A name may have passed to another user meanwhile.
  if (!owner || (*owner && **owner == user)) delete_key(key);
  return {};
}

}  // namespace adapters::rocksdb
