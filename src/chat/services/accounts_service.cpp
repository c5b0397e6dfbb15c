#include "chat/services/accounts_service.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "chat/rules/account_fields.hpp"
#include "chat/services/accounts_device.hpp"
#include "chat/services/accounts_password_job.hpp"

namespace chat {

std::size_t password_pool_size(std::size_t cores) {
  constexpr std::size_t kBudgetMiB = 256;
  constexpr std::size_t kHashMiB = 64;
  return std::clamp<std::size_t>(cores, 1, kBudgetMiB / kHashMiB);
}

AccountService::AccountService(AccountParts parts, AccountOptions options)
    : parts_(std::move(parts)),
      options_(options),
      dummy_hash_(parts_.hasher.hash("no account has this password")),
      failures_("guess", parts_.shared_limits, parts_.clock),
      address_logins_("login", {options.limits.logins_per_minute, std::chrono::minutes(1)}, parts_.shared_limits,
                      AloneShare::kQuarter),
      address_registrations_("registration", {options.limits.registrations_per_hour, std::chrono::hours(1)},
                             parts_.shared_limits, AloneShare::kAll),
      lookups_("lookup", {options.limits.lookups_per_minute, std::chrono::minutes(1)}, parts_.shared_limits,
               AloneShare::kAll),
      refreshes_(options.limits.events_per_second == 0 ? 0 : kRefreshesPerMinute, std::chrono::minutes(1)) {}

std::optional<Refusal> check_username(std::string_view username) {
  if (is_username(username)) return std::nullopt;
  return invalid("username", "3 to 32 of A-Z a-z 0-9 . _ -");
}
std::optional<Refusal> check_email(std::string_view email) {
  if (is_email(email)) return std::nullopt;
  return invalid("email", "not an e-mail address");
}
std::optional<Refusal> check_password_form(std::string_view password, std::string_view field) {
  if (is_password(password)) return std::nullopt;
  return invalid(field, "8 to 128 characters");
}

void AccountService::fill_tokens(Grant& grant, const Login& login, std::string refresh_token, WallTime now) {
  grant.access_token =
      parts_.access_tokens.sign({login.user, login.id, login.device, now, now + options_.access_life, false});
  grant.refresh_token = std::move(refresh_token);
  grant.device = login.device;
  grant.expires_in = options_.access_life;
}

Outcome<Grant> AccountService::open_login(LaneContext& context, const User& user, const Credentials& credentials) {
  constexpr std::size_t kDeviceBytes = 12;  // of a device that the client did not name: never meets another one
  Login login;
  login.id = LoginId::make(context.now(), context.random());
  login.user = user.id;
  login.device = credentials.device ? *credentials.device : DeviceId{};
  if (!credentials.device) login.device.value = "d-" + base::to_hex(context.random().bytes(kDeviceBytes));
  login.created = login.last_used = context.now();
  login.expires = context.now() + options_.refresh_life;
  login.address = credentials.address;

  auto admitted = admit_device(context, user.id, login.device, login.id, options_.limits.devices_per_user);
  if (auto* refusal = std::get_if<Refusal>(&admitted)) return std::move(*refusal);
  auto token = parts_.refresh_tokens.make(login.id);
  login.current = parts_.refresh_tokens.hash(token);
  context.batch().logins.push_back(login);
  Grant grant;
  grant.user = user;
  grant.user.last_seen = std::max(user.last_seen, owed_last_seen(user.id));
  fill_tokens(grant, login, std::move(token), context.now());
  return grant;
}

Outcome<Caller> AccountService::check_token(const std::string& token) const {
  const auto now = parts_.clock.wall_now();
  const auto claims = parts_.access_tokens.verify(token, now);
  if (!claims) {
    const bool expired = claims.error() == TokenError::kExpired;
    return refusal_unauthorized(expired ? "the token has expired" : "the token is not valid",
                                expired ? "expired" : "invalid");
  }
  const auto& said = claims.value();
  const auto login = parts_.store.login(said.login);
  if (!login) return refusal_of(login.error());
  const auto& row = login.value();
  if (!row || row->user != said.user || row->device != said.device) {
    return refusal_unauthorized("the session has ended", "revoked");
  }
  const auto user = parts_.store.user(said.user);
  if (!user) return refusal_of(user.error());
  if (!user.value() || user.value()->deactivated) return refusal_unauthorized("the session has ended", "revoked");
  return Caller{said.user, said.login, said.device};
}

void AccountService::authenticate(std::string access_token, base::Executor& on, Reply<Caller> reply) {
  read_on<Caller>(parts_.reads, on, std::move(reply),
                  [this, token = std::move(access_token)]() { return check_token(token); });
}

}  // namespace chat
