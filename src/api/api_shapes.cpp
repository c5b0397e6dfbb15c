#include "api/api_shapes.hpp"

#include "api/replies.hpp"
#include "base/json_writer.hpp"
#include "wire/scalars.hpp"
#include "wire/shapes.hpp"

namespace api {

void append_self(std::string& out, const chat::User& user) {
  out += R"({"_id":)";
  wire::append_id(out, user.id);
  out += R"(,"username":)";
  base::append_json_string(out, user.username);
  out += R"(,"email":)";
  base::append_json_string(out, user.email);
  out += R"(,"created":)";
  wire::append_time(out, user.created);
  out += R"(,"lastSeen":)";
  wire::append_time(out, user.last_seen);
  out += R"(,"pushPreviews":)";
  wire::append_bool(out, user.push_previews);
  out += '}';
}

void append_friend(std::string& out, const chat::FriendView& view) {
  out += R"({"_id":)";
  wire::append_id(out, view.user.id);
  out += R"(,"username":)";
  base::append_json_string(out, view.user.username);
  out += R"(,"isOnline":)";
  wire::append_bool(out, view.online);
  out += R"(,"lastSeen":)";
  wire::append_time(out, view.user.last_seen);
  out += '}';
}

void append_request(std::string& out, const chat::RequestView& view) {
  out += R"({"user":)";
  wire::append_user(out, view.user);
  out += R"(,"timestamp":)";
  wire::append_time(out, view.at);
  out += '}';
}

void append_requests(std::string& out, const chat::Requests& requests) {
  out += R"({"incoming":)";
  append_array(out, requests.incoming, append_request);
  out += R"(,"outgoing":)";
  append_array(out, requests.outgoing, append_request);
  out += '}';
}

void append_conversation(std::string& out, const chat::ConversationView& view, const chat::UserId& viewer) {
  out += R"({"peer":)";
  wire::append_user(out, view.peer);
  out += R"(,"lastMessage":)";
  if (view.last_message) {
    wire::append_message(out, *view.last_message, viewer);
  } else {
    out += "null";
  }
  out += R"(,"unread":)";
  wire::append_number(out, view.unread);
  out += '}';
}

void append_device(std::string& out, const chat::DeviceView& view) {
  out += R"({"device":)";
  base::append_json_string(out, view.device.id.value);
  out += R"(,"position":)";
  wire::append_number(out, view.position.value);
  out += R"(,"lastSeen":)";
  wire::append_time(out, view.device.last_seen);
  out += R"(,"online":)";
  wire::append_bool(out, view.online);
  out += '}';
}

void append_device_with_push(std::string& out, const chat::DeviceView& view) {
  append_device(out, view);
  if (!view.device.push) return;
  out.back() = ',';
  out += R"("push":{"kind":)";
  base::append_json_string(out, view.device.push->kind);
  out += R"(,"address":)";
  out += view.device.push->address;  // JSON as it was put
  out += "}}";
}

void append_session(std::string& out, const chat::Login& login) {
  out += R"({"_id":)";
  wire::append_id(out, login.id);
  out += R"(,"device":)";
  base::append_json_string(out, login.device.value);
  out += R"(,"created":)";
  wire::append_time(out, login.created);
  out += R"(,"lastUsed":)";
  wire::append_time(out, login.last_used);
  out += R"(,"address":)";
  base::append_json_string(out, login.address);
  out += '}';
}

}  // namespace api
