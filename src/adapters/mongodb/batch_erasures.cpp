// The erasing half of BatchTransaction.

#include "adapters/mongodb/batch_transaction.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

Done BatchTransaction::erase() {
  if (auto failed = erase_users()) return failed;
  for (const auto& conversation : batch_.erased_conversations) erase_conversation(conversation);
  for (const auto& [user, device] : batch_.erased_devices) {
    for (const char* const collection : {kDevices, kPositions, kPushJobs, kDeviceTraces}) {
      writes_.on(collection).remove(device_filter(user, device));
    }
  }
  for (const auto& login : batch_.erased_logins) writes_.on(kLogins).remove(where("_id", login));
  return std::nullopt;
}

Done BatchTransaction::erase_users() {
  for (const auto& user : batch_.erased_users) {
    writes_.on(kUsers).remove(where("_id", user));
    writes_.on(kEntries).remove_many(where("owner", user));
    for (const char* const collection : {kDevices, kPositions, kLogins, kPushJobs, kDeviceTraces}) {
      writes_.on(collection).remove_many(where("user", user));
    }
    std::vector<Document> sides;
    sides.push_back(where("low", user));
    sides.push_back(where("high", user));
    Document filter;
    filter.add_array("$or", sides);
    std::vector<chat::UserId> peers;
    auto failed = connection_.find(kRelations, filter, Document(), [&](const bson_t* row) {
      chat::Relation relation;
      // A damaged one goes as well; whose friend it names is then unknown.
      if (decode(row, relation)) peers.push_back(relation.pair.peer_of(user));
      return true;
    });
    if (failed) return failed;
    writes_.on(kRelations).remove_many(filter);
    Document befriended;
    befriended.add("_id", Document().add_array("$in", peers)).add("friends", Document().add("$type", "array"));
    Document change;
    change.add("$pull", Document().add("friends", user));
    if (!peers.empty()) writes_.on(kUsers).update_many(befriended, change);
  }
  return std::nullopt;
}

void BatchTransaction::erase_conversation(const chat::ConversationKey& conversation) {
  const auto text = conversation_text(conversation);
  writes_.on(kMessages).remove_many(where("conversation", text));
  writes_.on(kKeys).remove_many(where("conversation", text));
  writes_.on(kConversations).remove(where("_id", text));
  const auto& [low, high] = conversation;
  writes_.on(kWatermarks).remove_many(Document().add("author", low).add("reader", high));
  writes_.on(kWatermarks).remove_many(Document().add("author", high).add("reader", low));
}

}  // namespace adapters::mongodb
