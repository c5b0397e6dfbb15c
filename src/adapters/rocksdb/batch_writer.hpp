#pragma once
// BatchWriter: one CommitBatch -> one WriteBatch. Used by the committing thread only.
//
// Hot rows are written blind. Trims need to know the first and the last position of a mailbox; they are remembered per
// owner (marks_), because every entry passes through here anyway, and read from the store the first time only.
//
// A trim deletes key by key up to kRangeTrim entries: thousands of small range deletions a second would make every read
// rebuild the list of range tombstones. Readers never walk over the tombstones: they start at the floor row.

#include <rocksdb/write_batch.h>

#include <string>
#include <unordered_map>

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/row_key.hpp"
#include "adapters/rocksdb/staged_rows.hpp"
#include "chat/ports/commit_batch.hpp"

namespace adapters::rocksdb {

class BatchWriter {
 public:
  explicit BatchWriter(const Database& database) : database_(database) {}

  /// The rows of `batch`; valid until the next call. Reads what erasures, renamed users and first trims need; fails
  /// when they cannot be read, and then nothing is remembered of the batch.
  base::Result<::rocksdb::WriteBatch*, chat::StoreError> write(const chat::CommitBatch& batch);

 private:
  struct Marks {
    chat::MailboxSeq first;  // first position kept
    chat::MailboxSeq head;   // 0: empty
  };
  using Done = base::Result<void, chat::StoreError>;

  // Erasures (batch_writer_erase.cpp).
  Done erase(const chat::CommitBatch& batch);
  Done erase_user(const chat::UserId& user);
  Done erase_login(const chat::LoginId& login);
  Done erase_conversation(const chat::ConversationKey& conversation);
  Done forget_push_job(const chat::UserId& user, const chat::DeviceId& device);
  Done forget_push_jobs(const chat::UserId& user);
  Done forget_push_places(std::string_view owner);
  Done forget_names(const chat::UserId& user);
  Done forget_name(const Key& key, const chat::UserId& user);
  void delete_key(const Key& key) { staged_.remove(key.view()); }
  void delete_prefix(const Key& prefix);

  // Puts.
  Done put_push(const chat::CommitBatch& batch);
  void put_message(const chat::Message& message);
  void put_entry(const chat::MailboxEntry& entry);
  void put_mail(const chat::CommitBatch& batch);
  void put_accounts(const chat::CommitBatch& batch);
  Done put_users(const std::vector<chat::User>& users);
  Done trim(const chat::MailboxTrim& trim);
  base::Result<Marks*, chat::StoreError> marks(const chat::UserId& owner);
  void delete_entries(const chat::UserId& owner, chat::MailboxSeq from, chat::MailboxSeq to);
  void put(const Key& key, std::string_view row) { staged_.put(key.view(), row); }

  const Database& database_;
  ::rocksdb::WriteBatch rows_;  // erased ranges, then the staged rows, then trimmed ranges
  StagedRows staged_;
  std::vector<std::pair<Key, Key>> trimmed_ranges_;
  std::vector<const chat::PushJob*> jobs_;  // of one batch, by owner
  std::string buffer_;
  std::unordered_map<chat::UserId, Marks> marks_;  // at most kMaxMarks
};

}  // namespace adapters::rocksdb
