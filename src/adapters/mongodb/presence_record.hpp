#pragma once
// MongoPresenceRecord: `users.isOnline` of the founding schema: true while `users.onlineNodes` has an entry {node, at}.
// Written beside the transactions of the store, with the same write concern (majority, journaled), and in one change
// with what it follows from.
//
// A node writes and removes its own entry only. A word that is older than the entry's `at` changes nothing; nor does
// one that is older than `users.leftNode` {node, at}, the last entry that was removed, so that a write which was
// thought lost does not bring back who has left.
//
// `users.onlineNode` is how an earlier version kept a single node's word: it counts until its node takes it back, dies,
// or another one has the user.
//
// Owner: MongoStore (`presence_record()`). Thread-safe.

#include "chat/ports/presence_record.hpp"

namespace adapters::mongodb {

class Pool;

class MongoPresenceRecord final : public chat::PresenceRecord {
 public:
  explicit MongoPresenceRecord(Pool& pool) : pool_(pool) {}

  bool record(std::string_view node, chat::WallTime said, std::span<const chat::PresenceChange> changes) override;
  [[nodiscard]] chat::Read<std::vector<chat::UserId>> recorded_by(std::string_view node) const override;
  bool forget_node(std::string_view node) override;
  bool forget_strays(std::string_view node) override;
  [[nodiscard]] chat::Read<std::vector<bool>> recorded_online(std::span<const chat::UserId> users) const override;

 private:
  Pool& pool_;
};

}  // namespace adapters::mongodb
