#include "api/api.hpp"
#include "api/api_shapes.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"
#include "wire/shapes.hpp"

namespace api {
namespace {

using Verb = void (chat::Relations::*)(const chat::Caller&, chat::UserId, base::Executor&, chat::Reply<std::monostate>);

void run(Api& api, CallPtr call, Verb verb) {
  const auto peer = path_id<chat::UserId>(*call, "userId");
  if (!peer) return;
  auto& on = call->on;
  const auto caller = call->caller;
  (api.services().relations.*verb)(caller, *peer, on, reply_empty(std::move(call)));
}

}  // namespace

void get_friends(Api& api, CallPtr call) {
  auto reply = reply_with<std::vector<chat::FriendView>>(call, [](Call& done, std::vector<chat::FriendView>& friends) {
    std::string out = R"({"friends":)";
    append_array(out, friends, append_friend);
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().relations.friends(call->caller, call->on, std::move(reply));
}

void post_friend_request(Api& api, CallPtr call) {
  Fields fields(call->body);
  const auto id_text = fields.optional_text("userId");
  auto username = fields.optional_text("username");
  if (!id_text && !username) fields.fail(invalid("username", "username or userId is missing"));
  const auto id = id_text ? chat::UserId::from_hex(*id_text) : std::nullopt;
  if (id_text && !id) fields.fail(invalid("userId", "an id has 24 hex digits"));
  if (fields.refused(*call)) return;
  std::variant<chat::UserId, std::string> to;
  if (id) {
    to = *id;
  } else {
    to = std::move(*username);
  }
  // 202 whoever it names: the answer tells nothing of the other.
  auto reply = reply_with<std::monostate>(call, [](Call& done, std::monostate&) { done.answer(202, "{}"); });
  api.services().relations.request(call->caller, std::move(to), call->on, std::move(reply));
}

void get_friend_requests(Api& api, CallPtr call) {
  auto reply = reply_with<chat::Requests>(call, [](Call& done, chat::Requests& requests) {
    std::string out;
    append_requests(out, requests);
    done.answer(200, std::move(out));
  });
  api.services().relations.requests(call->caller, call->on, std::move(reply));
}

void accept_friend(Api& api, CallPtr call) {
  run(api, std::move(call), &chat::Relations::accept);
}
void decline_friend(Api& api, CallPtr call) {
  run(api, std::move(call), &chat::Relations::decline);
}
void delete_friend(Api& api, CallPtr call) {
  run(api, std::move(call), &chat::Relations::remove);
}
void put_block(Api& api, CallPtr call) {
  run(api, std::move(call), &chat::Relations::block);
}
void delete_block(Api& api, CallPtr call) {
  run(api, std::move(call), &chat::Relations::unblock);
}

void get_blocks(Api& api, CallPtr call) {
  auto reply = reply_with<std::vector<chat::User>>(call, [](Call& done, std::vector<chat::User>& users) {
    std::string out = R"({"blocked":)";
    append_array(out, users, [](std::string& to, const chat::User& user) { wire::append_user(to, user); });
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().relations.blocked(call->caller, call->on, std::move(reply));
}

}  // namespace api
