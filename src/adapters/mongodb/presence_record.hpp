#pragma once
// MongoPresenceRecord: `users.isOnline` of the founding schema, with `users.onlineNode`, the node that said so last.
// Written beside the transactions of the store, with the same write concern (majority, journaled). A user who has
// devices on two nodes reads as offline when the later one leaves, until the other says something: the record is
// coarse.
//
// Owner: MongoStore (`presence_record()`). Thread-safe.

#include "chat/ports/presence_record.hpp"

namespace adapters::mongodb {

class Pool;

class MongoPresenceRecord final : public chat::PresenceRecord {
 public:
  explicit MongoPresenceRecord(Pool& pool) : pool_(pool) {}

  bool record(std::string_view node, std::span<const chat::PresenceChange> changes) override;
  [[nodiscard]] chat::Read<std::vector<chat::UserId>> recorded_by(std::string_view node) const override;
  bool forget_node(std::string_view node) override;
  [[nodiscard]] chat::Read<std::vector<bool>> recorded_online(std::span<const chat::UserId> users) const override;

 private:
  Pool& pool_;
};

}  // namespace adapters::mongodb
