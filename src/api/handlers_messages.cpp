#include "api/api.hpp"
#include "api/api_shapes.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"
#include "base/read_number.hpp"
#include "chat/services/send_input.hpp"
#include "wire/scalars.hpp"
#include "wire/shapes.hpp"

namespace api {
namespace {

constexpr std::uint64_t kDefaultPage = 50;
constexpr std::uint64_t kMaxPage = 200;  // 200 messages of 8 KiB: below 2 MiB an answer

/// The query's number, nullopt when absent; not a whole number: the refusal is noted.
std::optional<std::uint64_t> query_number(const Call& call, std::string_view name, Fields& fields) {
  const auto found = call.request.query.find(std::string(name));
  if (found == call.request.query.end()) return std::nullopt;
  std::uint64_t number = 0;
  if (base::read_number(found->second, number)) return number;
  fields.fail(invalid(name, std::string(name) + " must be a whole number"));
  return std::nullopt;
}

chat::SendRequest send_request(Api& api, const Call& call, Fields& fields) {
  chat::SendRequest request;
  request.sender = call.caller.user;
  request.login = call.caller.login;
  request.device = call.caller.device;
  const auto recipient = chat::UserId::from_hex(fields.text("recipient"));
  if (recipient) {
    request.recipient = *recipient;
  } else {
    fields.fail(invalid("recipient", "an id has 24 hex digits"));
  }
  const bool chosen = base::is_given(call.body.member("clientId"));
  request.client_id = fields.optional_text("clientId").value_or("");
  auto content = chat::check_send_input(fields.text("content"),
                                        chosen ? std::optional<std::string_view>(request.client_id) : std::nullopt);
  if (content) {
    request.content = std::move(*content);
  } else {
    fields.fail(content.error());
  }
  request.accepted = api.services().clock.steady_now();
  return request;
}

}  // namespace

void get_conversations(Api& api, CallPtr call) {
  using Views = std::vector<chat::ConversationView>;
  auto reply = reply_with<Views>(call, [](Call& done, Views& views) {
    std::string out = R"({"conversations":)";
    append_array(out, views, [&](std::string& to, const chat::ConversationView& view) {
      append_conversation(to, view, done.caller.user);
    });
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().history.conversations(call->caller, call->on, std::move(reply));
}

void get_history(Api& api, CallPtr call) {
  const auto peer = path_id<chat::UserId>(*call, "userId");
  if (!peer) return;
  Fields fields(call->body);
  const auto before = query_number(*call, "before", fields);
  const auto limit = query_number(*call, "limit", fields).value_or(kDefaultPage);
  if (limit < 1 || limit > kMaxPage) fields.fail(invalid("limit", "limit is 1 to 200"));
  if (fields.refused(*call)) return;
  auto reply = reply_with<chat::HistoryPage>(call, [](Call& done, chat::HistoryPage& page) {
    std::string out = R"({"messages":)";
    append_array(out, page.messages, [&](std::string& to, const chat::MessageView& message) {
      wire::append_message(to, message, done.caller.user);
    });
    if (page.next) {
      out += R"(,"next":)";
      wire::append_number(out, page.next->value);
    }
    out += '}';
    done.answer(200, std::move(out));
  });
  std::optional<chat::ConversationSeq> below;
  if (before) below = chat::ConversationSeq(*before);
  api.services().history.page(call->caller, *peer, below, static_cast<std::size_t>(limit), call->on, std::move(reply));
}

void post_read(Api& api, CallPtr call) {
  const auto peer = path_id<chat::UserId>(*call, "userId");
  if (!peer) return;
  Fields fields(call->body);
  const auto up_to = fields.number("upTo");
  if (fields.refused(*call)) return;
  const auto& caller = call->caller;
  api.services().messaging.mark_read({.reader = caller.user,
                                      .login = caller.login,
                                      .device = caller.device,
                                      .connection = {},
                                      .what = std::pair(*peer, chat::ConversationSeq(up_to))},
                                     call->on, reply_empty(call));
}

void get_message(Api& api, CallPtr call) {
  const auto id = path_id<chat::MessageId>(*call, "id");
  if (!id) return;
  auto reply = reply_with<chat::MessageView>(call, [](Call& done, chat::MessageView& message) {
    std::string out = R"({"message":)";
    wire::append_message(out, message, done.caller.user);
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().history.message(call->caller, *id, call->on, std::move(reply));
}

void post_message(Api& api, CallPtr call) {
  Fields fields(call->body);
  auto request = send_request(api, *call, fields);
  if (fields.refused(*call)) return;
  auto reply = reply_with<chat::SendAnswer>(call, [](Call& done, chat::SendAnswer& answer) {
    std::string out;
    wire::append_send_ack(out, answer);
    done.answer(answer.duplicate ? 200 : 201, std::move(out));
  });
  api.services().messaging.send(std::move(request), call->on, std::move(reply));
}

}  // namespace api
