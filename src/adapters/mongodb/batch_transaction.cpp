#include "adapters/mongodb/batch_transaction.hpp"

#include <algorithm>

#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

Document by_id(const base::ObjectIdBytes& id) {
  Document filter;
  filter.add("_id", id);
  return filter;
}

/// For upserts: a router has to know the shard of what may have to be inserted.
Document by_shard(const chat::Message& message) {
  Document filter = by_id(message.id.bytes);
  filter.add("conversation", conversation_text(message.conversation()));
  return filter;
}

Document with(const char* op, const Document& fields) {
  Document change;
  change.add(op, fields);
  return change;
}

/// A change that computes: an aggregation pipeline of one stage.
Document computed(const Document& stage) {
  Document pipeline;
  pipeline.add("0", stage);
  return pipeline;
}

Document newest_first(const char* field) {
  Document options;
  options.add("sort", Document().add(field, -1)).add("limit", 1);
  return options;
}

/// Messages that come with an entry of their own are new; the others mark one that is there.
class FreshMessages {
 public:
  explicit FreshMessages(const chat::CommitBatch& batch) {
    for (const auto& entry : batch.entries) {
      if (entry.kind == chat::EntryKind::kMessage) ids_.push_back(entry.message);
    }
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    taken_.resize(ids_.size());
  }
  /// True once for each.
  bool take(const chat::MessageId& id) {
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (found == ids_.end() || *found != id) return false;
    auto&& taken = taken_[static_cast<std::size_t>(found - ids_.begin())];
    const bool first = !taken;
    taken = true;
    return first;
  }

 private:
  std::vector<chat::MessageId> ids_;
  std::vector<bool> taken_;
};

}  // namespace

Done BatchTransaction::write() {
  static constexpr Step kSteps[] = {&BatchTransaction::erase,
                                    &BatchTransaction::put_hot,
                                    &BatchTransaction::put_changed_messages,
                                    &BatchTransaction::put_conversations_and_keys,
                                    &BatchTransaction::put_accounts,
                                    &BatchTransaction::put_push,
                                    &BatchTransaction::trim};
  for (const auto step : kSteps) {
    if (auto failed = (this->*step)()) return failed;
    if (auto failed = writes_.run()) return failed;
  }
  return std::nullopt;
}

Done BatchTransaction::put_hot() {
  FreshMessages fresh(batch_);
  for (const auto& message : batch_.messages) {
    if (!message.failure && fresh.take(message.id)) {
      writes_.on(kMessages).insert(encode(message));
    } else {
      changed_.push_back(&message);
    }
  }
  for (const auto& entry : batch_.entries) writes_.on(kEntries).insert(encode(entry));
  for (const auto& step : batch_.watermark_steps) {
    Document key;
    key.add("author", step.author).add("reader", step.reader).add("kind", to_text(step.kind)).add("upTo", step.up_to);
    writes_.on(kWatermarks).put(key, encode(step));
  }
  for (const auto& row : batch_.positions) {
    writes_.on(kPositions)
        .update(device_filter(row.user, row.device), with("$set", Document().add("position", row.position)), true);
  }
  return std::nullopt;
}

/// After the steps are written: a message that is no longer failed gets the status that they give it.
Done BatchTransaction::put_changed_messages() {
  for (const auto* message : changed_) {
    DeliveryState state;
    if (auto failed = delivery_state(*message, state)) return failed;
    if (message->failure && message->client_id.empty()) {
      put_without_client_id(*message);
    } else {
      writes_.on(kMessages).put(by_shard(*message), encode(*message, state));
    }
  }
  for (const auto& step : batch_.watermark_steps) keep_status(step);
  return std::nullopt;
}

/// The row keeps the client id that it had, unless that is what is damaged.
void BatchTransaction::put_without_client_id(const chat::Message& message) {
  auto& messages = writes_.on(kMessages);
  Document damaged = by_id(message.id.bytes);
  damaged.add("clientId", Document().add("$exists", true).add("$not", Document().add("$type", "string")));
  messages.update(damaged, with("$unset", Document().add("clientId", "")));
  Document change;
  change.add("$set", encode(message)).add("$unset", Document().add("deliveredAt", "").add("readAt", ""));
  messages.update(by_id(message.id.bytes), change);  // its conversation may be what is damaged
  messages.update(by_shard(message), change, true);  // or there is no row
}

Done BatchTransaction::delivery_state(const chat::Message& message, DeliveryState& state) {
  if (message.failure) return std::nullopt;
  if (auto failed = covered_at(message, chat::WatermarkKind::kDelivered, state.delivered_at)) return failed;
  if (auto failed = covered_at(message, chat::WatermarkKind::kRead, state.read_at)) return failed;
  if (state.read_at && !state.delivered_at) state.delivered_at = state.read_at;
  return std::nullopt;
}

Done BatchTransaction::covered_at(const chat::Message& message, chat::WatermarkKind kind,
                                  std::optional<base::WallTime>& at) {
  Document filter;
  filter.add("author", message.sender)
      .add("reader", message.recipient)
      .add("kind", to_text(kind))
      .add("upTo", Document().add("$gte", message.seq));
  Document options;
  options.add("sort", Document().add("upTo", 1)).add("limit", 1);
  return connection_.find(kWatermarks, filter, options, [&](const bson_t* row) {
    Fields(row).maybe("at", at);
    return true;
  });
}

/// The founding field `status` of the messages that a step covers for the first time.
void BatchTransaction::keep_status(const chat::WatermarkStep& step) {
  Document filter;
  filter.add("conversation", conversation_text(chat::ConversationKey::of(step.author, step.reader)))
      .add("seq", Document().add("$gt", step.after).add("$lte", step.up_to))
      .add("sender", step.author);
  if (step.kind == chat::WatermarkKind::kDelivered) {
    filter.add("status", "sent");
    const auto change = with("$set", Document().add("status", "delivered").add("deliveredAt", step.at));
    writes_.on(kMessages).update_many(filter, change);
    return;
  }
  filter.add("status", Document().add_array("$in", std::vector<std::string_view>{"sent", "delivered"}));
  // Read implies delivered. A constant needs $literal here only where it could be an expression: a time cannot.
  Document first_delivery;
  bson_t choice;
  bson_append_array_begin(first_delivery.mutable_bson(), "$ifNull", -1, &choice);
  bson_append_utf8(&choice, "0", -1, "$deliveredAt", -1);
  bson_append_date_time(&choice, "1", -1, step.at.time_since_epoch().count());
  bson_append_array_end(first_delivery.mutable_bson(), &choice);
  Document fields;
  fields.add("status", "read").add("readAt", step.at).add("deliveredAt", first_delivery);
  writes_.on(kMessages).update_many(filter, computed(with("$set", fields)));
}

Done BatchTransaction::put_conversations_and_keys() {
  const auto put = [this](const chat::ConversationKey& pair, const Document& fields) {
    Document key;
    key.add("_id", conversation_text(pair));
    Document change;
    change.add("$set", fields).add("$setOnInsert", Document().add("low", pair.low).add("high", pair.high));
    writes_.on(kConversations).update(key, change, true);
  };
  for (const auto& message : batch_.messages) {
    // Numbers are dense: who has exchanged a message has exchanged the first.
    if (message.seq.value == 1) put(message.conversation(), Document().add("exchanged", true));
  }
  for (const auto& key : batch_.keys) {
    writes_.on(kKeys).put(by_id(key.id.bytes), encode(key));
    put(key.conversation, Document().add("key", key.id));
  }
  return std::nullopt;
}

Done BatchTransaction::put_accounts() {
  put_users();
  for (const auto& device : batch_.devices) {
    writes_.on(kDevices).put(device_filter(device.user, device.id), encode(device));
  }
  for (const auto& login : batch_.logins) writes_.on(kLogins).put(by_id(login.id.bytes), encode(login));
  for (const auto& relation : batch_.relations) put_relation(relation);
  return std::nullopt;
}

void BatchTransaction::put_users() {
  if (batch_.users.empty()) return;
  auto& users = writes_.on(kUsers);
  if (batch_.users.size() > 1) {
    // A name may pass from one of them to another: they all let go of theirs first.
    std::vector<chat::UserId> ids;
    for (const auto& user : batch_.users) ids.push_back(user.id);
    Document filter;
    filter.add("_id", Document().add_array("$in", ids));
    users.update_many(filter, with("$unset", Document().add("usernameKey", "").add("emailKey", "")));
  }
  for (auto user = batch_.users.begin(); user != batch_.users.end(); ++user) {
    const bool replaced =
        std::any_of(std::next(user), batch_.users.end(), [&](const chat::User& later) { return later.id == user->id; });
    if (replaced) continue;
    Document change;
    change.add("$set", encode_fields(*user))
        .add("$setOnInsert", Document().add("isOnline", false).add_array("friends", std::vector<chat::UserId>{}));
    users.update(by_id(user->id.bytes), change, true);
  }
}

/// The relation is the truth; both founding `friends` arrays follow from it.
void BatchTransaction::put_relation(const chat::Relation& relation) {
  Document key;
  key.add("_id", conversation_text(relation.pair));
  writes_.on(kRelations).put(key, encode(relation));
  const bool friends = relation.friendship == chat::Friendship::kFriends && !relation.blocked();
  const auto& [low, high] = relation.pair;
  for (const auto& [user, peer] : {std::pair(low, high), std::pair(high, low)}) {
    if (friends) {
      // An application may have left a null there, or anything; where there is no field, $addToSet makes one.
      Document other = by_id(user.bytes);
      other.add("friends", Document().add("$exists", true).add("$not", Document().add("$type", "array")));
      writes_.on(kUsers).update(other, with("$unset", Document().add("friends", "")));
      writes_.on(kUsers).update(by_id(user.bytes), with("$addToSet", Document().add("friends", peer)));
    } else {
      Document array = by_id(user.bytes);
      array.add("friends", Document().add("$type", "array"));
      writes_.on(kUsers).update(array, with("$pull", Document().add("friends", peer)));
    }
  }
}

Done BatchTransaction::put_push() {
  for (const auto& [user, device] : batch_.erased_push_jobs) {
    writes_.on(kPushJobs).remove(device_filter(user, device));
  }
  for (const auto& job : batch_.push_jobs) writes_.on(kPushJobs).put(device_filter(job.user, job.device), encode(job));
  for (const auto& trace : batch_.device_traces) {
    writes_.on(kDeviceTraces).put(device_filter(trace.user, trace.device), encode(trace));
  }
  return std::nullopt;
}

Done BatchTransaction::trim() {
  for (const auto& each : batch_.trims) {
    chat::MailboxSeq head;
    if (auto failed = head_of(each.owner, each.below, head)) return failed;
    Document filter;
    filter.add("owner", each.owner).add("position", Document().add("$lt", std::min(each.below, head)));
    writes_.on(kEntries).remove_many(filter);
  }
  return std::nullopt;
}

/// The newest position, or `at_least` when the batch itself shows that the head is not below it.
Done BatchTransaction::head_of(const chat::UserId& owner, chat::MailboxSeq at_least, chat::MailboxSeq& head) {
  for (const auto& entry : batch_.entries) {
    if (entry.owner == owner) head = std::max(head, entry.position);
  }
  if (head >= at_least) return std::nullopt;
  Document filter;
  filter.add("owner", owner);
  return connection_.find(kEntries, filter, newest_first("position"), [&](const bson_t* row) {
    Fields(row).get("position", head);
    return true;
  });
}

}  // namespace adapters::mongodb
