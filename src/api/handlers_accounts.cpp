#include "api/api.hpp"
#include "api/api_shapes.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"
#include "base/json_writer.hpp"
#include "wire/scalars.hpp"
#include "wire/shapes.hpp"

namespace api {
namespace {

void append_tokens(std::string& out, const chat::Grant& grant) {
  out += R"("accessToken":)";
  base::append_json_string(out, grant.access_token);
  out += R"(,"refreshToken":)";
  base::append_json_string(out, grant.refresh_token);
  out += R"(,"expiresIn":)";
  wire::append_number(out, static_cast<std::uint64_t>(grant.expires_in.count()));
  out += '}';
}

chat::Reply<chat::Grant> reply_grant(CallPtr call, int status) {
  return reply_with<chat::Grant>(std::move(call), [status](Call& done, chat::Grant& grant) {
    std::string out = R"({"user":)";
    append_self(out, grant.user);
    out += R"(,"device":)";
    base::append_json_string(out, grant.device.value);
    out += ',';
    append_tokens(out, grant);
    done.answer(status, std::move(out));
  });
}

/// {user: …} by `append`.
chat::Reply<chat::User> reply_user(CallPtr call, void (*append)(std::string&, const chat::User&)) {
  return reply_with<chat::User>(std::move(call), [append](Call& done, chat::User& user) {
    std::string out = R"({"user":)";
    append(out, user);
    out += '}';
    done.answer(200, std::move(out));
  });
}

chat::Credentials credentials_of(const Call& call, Fields& fields, bool with_email) {
  chat::Credentials credentials;
  credentials.username = fields.text("username");
  if (with_email) credentials.email = fields.text("email");
  credentials.password = fields.text("password");
  credentials.device = fields.optional_device("device");
  credentials.address = call.request.address;
  credentials.trusted_address = call.request.from_trusted;
  return credentials;
}

}  // namespace

void register_user(Api& api, CallPtr call) {
  Fields fields(call->body);
  auto credentials = credentials_of(*call, fields, true);
  if (fields.refused(*call)) return;
  api.services().accounts.register_user(std::move(credentials), call->on, reply_grant(call, 201));
}

void log_in(Api& api, CallPtr call) {
  Fields fields(call->body);
  auto credentials = credentials_of(*call, fields, false);
  if (fields.refused(*call)) return;
  api.services().accounts.log_in(std::move(credentials), call->on, reply_grant(call, 200));
}

void refresh(Api& api, CallPtr call) {
  Fields fields(call->body);
  auto token = fields.text("refreshToken");
  if (fields.refused(*call)) return;
  auto reply = reply_with<chat::Grant>(call, [](Call& done, chat::Grant& grant) {
    std::string out = "{";
    append_tokens(out, grant);
    done.answer(200, std::move(out));
  });
  api.services().accounts.refresh(std::move(token), call->on, std::move(reply));
}

void log_out(Api& api, CallPtr call) {
  api.services().accounts.log_out(call->caller, call->on, reply_empty(call));
}

void change_password(Api& api, CallPtr call) {
  Fields fields(call->body);
  auto password = fields.text("password");
  auto new_password = fields.text("newPassword");
  if (fields.refused(*call)) return;
  api.services().accounts.change_password(call->caller, std::move(password), std::move(new_password), call->on,
                                          reply_empty(call));
}

void get_me(Api& api, CallPtr call) {
  api.services().accounts.me(call->caller, call->on, reply_user(call, append_self));
}

void patch_me(Api& api, CallPtr call) {
  Fields fields(call->body);
  chat::AccountChange change;
  change.username = fields.optional_text("username");
  change.email = fields.optional_text("email");
  change.push_previews = fields.optional_flag("pushPreviews");
  if (fields.refused(*call)) return;
  api.services().accounts.update_me(call->caller, std::move(change), call->on, reply_user(call, append_self));
}

void delete_me(Api& api, CallPtr call) {
  api.services().accounts.erase(call->caller, call->on, reply_empty(call));
}

void find_user(Api& api, CallPtr call) {
  const auto username = call->request.query.find("username");
  if (username == call->request.query.end() || username->second.empty()) {
    return call->refuse(invalid("username", "username is missing"));
  }
  api.services().accounts.find_user(call->caller, username->second, call->on, reply_user(call, wire::append_user));
}

}  // namespace api
