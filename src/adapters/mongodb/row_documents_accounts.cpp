// Users, devices, logins, relations and the push outbox.

#include "adapters/mongodb/row_documents.hpp"
#include "adapters/mongodb/row_names.hpp"

namespace adapters::mongodb {

namespace {

using chat::Friendship;
using chat::PushOutcome;

constexpr Names<Friendship, 4> kFriendships = {{{Friendship::kNone, "none"},
                                                {Friendship::kRequestedByLow, "requestedByLow"},
                                                {Friendship::kRequestedByHigh, "requestedByHigh"},
                                                {Friendship::kFriends, "friends"}}};
constexpr Names<PushOutcome, 9> kOutcomes = {{{PushOutcome::kNone, "none"},
                                              {PushOutcome::kAccepted, "accepted"},
                                              {PushOutcome::kAddressDead, "addressDead"},
                                              {PushOutcome::kPayloadRefused, "payloadRefused"},
                                              {PushOutcome::kThrottled, "throttled"},
                                              {PushOutcome::kServerError, "serverError"},
                                              {PushOutcome::kUnavailable, "unavailable"},
                                              {PushOutcome::kLaneStopped, "laneStopped"},
                                              {PushOutcome::kNotNeeded, "notNeeded"}}};

}  // namespace

std::string folded(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Document device_filter(const chat::UserId& user, const chat::DeviceId& device) {
  Document filter;
  filter.add("user", user).add("device", device);
  return filter;
}

Document encode_fields(const chat::User& user) {
  Document row;
  row.add("username", user.username)
      .add("email", user.email)
      .add("password", user.password_hash)
      .add("lastSeen", user.last_seen)
      .add("created", user.created)
      .add("deactivated", user.deactivated)
      .add("pushPreviews", user.push_previews)
      .add("usernameKey", folded(user.username))
      .add("emailKey", folded(user.email));
  return row;
}

/// Of a document that an application made from the founding schema: what is ours alone has a default, and so has
/// `lastSeen`, which that schema does not demand.
bool decode(const bson_t* document, chat::User& out) {
  Fields fields(document);
  fields.get("_id", out.id);
  out.created = out.last_seen = out.id.made();
  fields.get("username", out.username)
      .get("email", out.email)
      .get("password", out.password_hash)
      .maybe("lastSeen", out.last_seen)
      .maybe("created", out.created)
      .maybe("deactivated", out.deactivated)
      .maybe("pushPreviews", out.push_previews);
  return fields.ok();
}

Document encode(const chat::Device& device) {
  Document row;
  row.add("user", device.user)
      .add("device", device.id)
      .add("login", device.login)
      .add("created", device.created)
      .add("lastSeen", device.last_seen)
      .add("start", device.start);
  if (device.push) {
    row.add("push", Document().add("kind", device.push->kind).add("address", device.push->address));
  }
  return row;
}

bool decode(const bson_t* document, chat::Device& out) {
  Fields fields(document);
  fields.get("user", out.user)
      .get("device", out.id)
      .get("login", out.login)
      .get("created", out.created)
      .get("lastSeen", out.last_seen)
      .get("start", out.start);
  fields.inside("push", [&](Fields& push) {
    auto& address = out.push.emplace();
    push.get("kind", address.kind).get("address", address.address);
  });
  return fields.ok();
}

bool decode(const bson_t* document, chat::DevicePosition& out) {
  Fields fields(document);
  fields.get("user", out.user).get("device", out.device).get("position", out.position);
  return fields.ok();
}

Document encode(const chat::Login& login) {
  std::vector<Binary> children;
  for (const auto& child : login.children) children.push_back({child});
  Document row;
  row.add("_id", login.id)
      .add("user", login.user)
      .add("device", login.device)
      .add("created", login.created)
      .add("lastUsed", login.last_used)
      .add("expires", login.expires)
      .add("address", login.address)
      .add("current", Binary{login.current})
      .add_array("children", children);
  return row;
}

bool decode(const bson_t* document, chat::Login& out) {
  Fields fields(document);
  fields.get("_id", out.id)
      .get("user", out.user)
      .get("device", out.device)
      .get("created", out.created)
      .get("lastUsed", out.last_used)
      .get("expires", out.expires)
      .get("address", out.address);
  out.current = fields.binary("current");
  out.children = fields.binaries("children");
  return fields.ok();
}

Document encode(const chat::Relation& relation) {
  Document row;
  row.add("_id", conversation_text(relation.pair))
      .add("low", relation.pair.low)
      .add("high", relation.pair.high)
      .add("friendship", word(kFriendships, relation.friendship))
      .add("blockedByLow", relation.blocked_by_low)
      .add("blockedByHigh", relation.blocked_by_high)
      .add("changed", relation.changed);
  return row;
}

bool decode(const bson_t* document, chat::Relation& out) {
  Fields fields(document);
  fields.get("low", out.pair.low)
      .get("high", out.pair.high)
      .get("blockedByLow", out.blocked_by_low)
      .get("blockedByHigh", out.blocked_by_high)
      .get("changed", out.changed);
  if (!value_of(kFriendships, fields.text("friendship"), out.friendship)) fields.damage();
  return fields.ok();
}

Document encode(const chat::PushJob& job) {
  Document row;
  row.add("user", job.user)
      .add("device", job.device)
      .add("kind", job.kind)
      .add("position", job.position)
      .add("message", job.message)
      .add("due", job.due)
      .add("expires", job.expires)
      .add("attempts", static_cast<std::uint64_t>(job.attempts));
  return row;
}

bool decode(const bson_t* document, chat::PushJob& out) {
  Fields fields(document);
  fields.get("user", out.user)
      .get("device", out.device)
      .get("kind", out.kind)
      .get("position", out.position)
      .get("message", out.message)
      .get("due", out.due)
      .get("expires", out.expires)
      .get("attempts", out.attempts);
  return fields.ok();
}

Document encode(const chat::DeviceTrace& trace) {
  Document row;
  row.add("user", trace.user)
      .add("device", trace.device)
      .add("written", trace.written)
      .add("writtenAt", trace.written_at)
      .add("pushed", trace.pushed)
      .add("pushedAt", trace.pushed_at)
      .add("outcome", word(kOutcomes, trace.outcome))
      .add("detail", trace.detail);
  return row;
}

bool decode(const bson_t* document, chat::DeviceTrace& out) {
  Fields fields(document);
  fields.get("user", out.user)
      .get("device", out.device)
      .get("written", out.written)
      .get("writtenAt", out.written_at)
      .get("pushed", out.pushed)
      .get("pushedAt", out.pushed_at)
      .get("detail", out.detail);
  if (!value_of(kOutcomes, fields.text("outcome"), out.outcome)) fields.damage();
  return fields.ok();
}

}  // namespace adapters::mongodb
