#include "api/api.hpp"
#include "api/api_shapes.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"

namespace api {
namespace {

constexpr std::size_t kMaxPushAddress = 4096;  // a Web Push subscription has some 500 bytes, an FCM token below 300

std::optional<chat::DeviceId> path_device(Call& call) {
  auto device = chat::DeviceId::parse(call.parameters.at(0));
  if (!device) call.refuse(invalid("id", "a device is 1 to 64 of A-Z a-z 0-9 . _ -"));
  return device;
}

bool has_text(const base::JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  const auto text = member ? member->as_string() : std::nullopt;
  return text && !text->empty();
}

/// fcm: {token} or {fid}. webpush: a browser's subscription {endpoint: "https://…", keys: {p256dh, auth}}.
bool is_address(std::string_view kind, const base::JsonValue& address) {
  if (kind == "fcm") return has_text(address, "token") != has_text(address, "fid");
  const auto keys = address.member("keys");
  if (kind != "webpush" || !has_text(address, "endpoint") || !keys) return false;
  return address.member("endpoint")->as_string()->starts_with("https://") && has_text(*keys, "p256dh") &&
         has_text(*keys, "auth");
}

}  // namespace

void get_devices(Api& api, CallPtr call) {
  using Views = std::vector<chat::DeviceView>;
  auto reply = reply_with<Views>(call, [](Call& done, Views& views) {
    std::string out = R"({"devices":)";
    append_array(out, views, append_device);
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().accounts.devices(call->caller, call->on, std::move(reply));
}

void delete_device(Api& api, CallPtr call) {
  auto device = path_device(*call);
  if (!device) return;
  api.services().accounts.remove_device(call->caller, std::move(*device), call->on, reply_empty(call));
}

void put_push(Api& api, CallPtr call) {
  auto device = path_device(*call);
  if (!device) return;
  Fields fields(call->body);
  auto kind = fields.text("kind");
  const auto address = fields.optional_object("address");
  if (!address || address->raw().size() > kMaxPushAddress || !is_address(kind, *address)) {
    fields.fail(invalid(kind == "fcm" || kind == "webpush" ? "address" : "kind", "not an address of a known kind"));
  }
  if (fields.refused(*call)) return;
  chat::PushAddress push{std::move(kind), std::string(address->raw())};
  api.services().accounts.set_push(call->caller, std::move(*device), std::move(push), call->on, reply_empty(call));
}

void delete_push(Api& api, CallPtr call) {
  auto device = path_device(*call);
  if (!device) return;
  api.services().accounts.set_push(call->caller, std::move(*device), std::nullopt, call->on, reply_empty(call));
}

void get_sessions(Api& api, CallPtr call) {
  auto reply = reply_with<std::vector<chat::Login>>(call, [](Call& done, std::vector<chat::Login>& logins) {
    std::string out = R"({"sessions":)";
    append_array(out, logins, append_session);
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().accounts.logins(call->caller, call->on, std::move(reply));
}

void delete_session(Api& api, CallPtr call) {
  const auto id = path_id<chat::LoginId>(*call, "id");
  if (!id) return;
  api.services().accounts.revoke_login(call->caller, *id, call->on, reply_empty(call));
}

}  // namespace api
