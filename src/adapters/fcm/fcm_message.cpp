#include "adapters/fcm/fcm_message.hpp"

#include <algorithm>

#include "base/json_writer.hpp"

namespace adapters::fcm {

namespace {

using std::chrono::seconds;

bool is_reserved(std::string_view key) {
  return key == "from" || key == "message_type" || key.starts_with("google") || key.starts_with("gcm");
}

void write_android(base::JsonWriter& json, const chat::PushRequest& request, seconds ttl) {
  json.key("android").begin_object();
  json.member("priority", "HIGH").member("ttl", std::to_string(ttl.count()) + "s");
  json.member("collapse_key", request.collapse_key);
  if (request.visible) {
    // The tag lets a newer push take the place of one that is shown; the collapse key, of one that still waits.
    json.key("notification").begin_object();
    json.member("sound", "default").member("tag", request.collapse_key).member("notification_count", request.badge);
    json.end_object();
  }
  json.end_object();
}

/// Apple asks for priority 5 and nothing visible in a background push, and refuses other combinations.
void write_apns(base::JsonWriter& json, const chat::PushRequest& request, seconds ttl, chat::WallTime now) {
  const auto expires = std::chrono::floor<seconds>(now.time_since_epoch()) + ttl;
  json.key("apns").begin_object().key("headers").begin_object();
  json.member("apns-push-type", request.visible ? "alert" : "background");
  json.member("apns-priority", request.visible ? "10" : "5");
  json.member("apns-expiration", ttl == seconds(0) ? "0" : std::to_string(expires.count()));
  json.member("apns-collapse-id", request.collapse_key).end_object();
  json.key("payload").begin_object().key("aps").begin_object();
  if (request.visible) {
    json.member("badge", request.badge).member("sound", "default");
  } else {
    json.member("content-available", 1);
  }
  json.end_object().end_object().end_object();
}

void write_webpush(base::JsonWriter& json, const chat::PushRequest& request, seconds ttl) {
  json.key("webpush").begin_object().key("headers").begin_object();
  json.member("TTL", std::to_string(ttl.count())).member("Urgency", request.visible ? "high" : "normal");
  json.member("Topic", request.collapse_key).end_object().end_object();
}

}  // namespace

base::Result<std::string, std::string> render_message(const FcmAddress& to, const chat::PushRequest& request,
                                                      chat::WallTime now) {
  const seconds ttl = std::clamp(request.ttl, seconds(0), kMaxTtl);
  std::string body;
  base::JsonWriter json(body);
  json.begin_object().key("message").begin_object();
  json.member(field_of(to.kind), to.value);
  if (request.visible) {
    json.key("notification").begin_object().member("title", request.title).member("body", request.body).end_object();
  }
  json.key("data").begin_object();
  for (const auto& [key, value] : request.data) {
    if (is_reserved(key)) return base::fail("reserved_data_key");
    json.member(key, value);
  }
  json.end_object();
  write_android(json, request, ttl);
  write_apns(json, request, ttl, now);
  write_webpush(json, request, ttl);
  json.end_object().end_object();
  // FCM counts less than all of this; ours stay so far below that the difference does not matter.
  if (body.size() - to.value.size() > kMaxPayloadBytes) return base::fail("payload_too_large");
  return body;
}

}  // namespace adapters::fcm
