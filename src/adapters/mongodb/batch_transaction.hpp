#pragma once
// What a CommitBatch means in documents, within a transaction that the caller begins and commits. The unique indexes
// tell whether another node was first; nothing is read that they tell. Inside of this room.

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/row_documents.hpp"
#include "chat/ports/commit_batch.hpp"

namespace adapters::mongodb {

class BatchTransaction {
 public:
  BatchTransaction(Connection& connection, const chat::CommitBatch& batch)
      : connection_(connection), batch_(batch), writes_(connection) {}
  Done write();

 private:
  using Step = Done (BatchTransaction::*)();

  Done erase();
  Done erase_users();
  void erase_conversation(const chat::ConversationKey& conversation);
  Done put_hot();
  Done put_changed_messages();
  Done put_conversations_and_keys();
  Done put_accounts();
  Done put_push();
  Done trim();

  void put_users();
  void put_relation(const chat::Relation& relation);
  void keep_status(const chat::WatermarkStep& step);
  void put_without_client_id(const chat::Message& message);
  Done delivery_state(const chat::Message& message, DeliveryState& state);
  Done covered_at(const chat::Message& message, chat::WatermarkKind kind, std::optional<base::WallTime>& at);
  Done head_of(const chat::UserId& owner, chat::MailboxSeq at_least, chat::MailboxSeq& head);

  Connection& connection_;
  const chat::CommitBatch& batch_;
  BulkWrites writes_;
  std::vector<const chat::Message*> changed_;  // those that are (or may be) there already
};

}  // namespace adapters::mongodb
