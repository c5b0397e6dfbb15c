// Refresh tokens (interface.md §5.5, docs/security.md): a parent may be repeated until one of its children is
// presented, because the answer with the child may have been lost; whoever presents a spent token ends the whole
// family, because then two hold it.

#include <algorithm>

#include "chat/services/accounts_device.hpp"
#include "chat/services/accounts_password_job.hpp"
#include "chat/services/accounts_service.hpp"

namespace chat {
namespace {

enum class TokenUse { kParentAgain, kChildFirst, kSpent };

TokenUse use_of(const Login& login, const std::string& hash) {
  if (hash == login.current) return TokenUse::kParentAgain;
  const bool child = std::find(login.children.begin(), login.children.end(), hash) != login.children.end();
  return child ? TokenUse::kChildFirst : TokenUse::kSpent;
}

}  // namespace

void AccountService::refresh(std::string refresh_token, base::Executor& on, Reply<Grant> reply) {
  const auto login = parts_.refresh_tokens.parse(refresh_token);
  if (!login) return answer<Grant>(on, std::move(reply), refusal_unauthorized("the refresh token is not valid"));
  const auto wait = refreshes_.admit(login->hex(), parts_.clock.steady_now());
  if (wait != 0) return answer<Grant>(on, std::move(reply), refusal_throttled(wait));
  decide<Grant>(parts_.lane, on, std::move(reply),
                [this, id = *login, hash = parts_.refresh_tokens.hash(refresh_token)](LaneContext& context) {
                  return decide_refresh(context, id, hash);
                });
}

Outcome<Grant> AccountService::decide_refresh(LaneContext& context, const LoginId& id, const std::string& token_hash) {
  auto found = context.store().login(id);
  if (!found) return refusal_of(found.error());
  if (!found.value()) return refusal_unauthorized("the session has ended", "revoked");
  Login login = std::move(*found.value());
  if (login.expires <= context.now()) {
    if (auto refusal = drop_login(context, login.user, id, EndReason::kRevoked)) return std::move(*refusal);
    return refusal_unauthorized("the session has expired", "expired");
  }
  const auto user = context.store().user(login.user);
  if (!user) return refusal_of(user.error());
  if (!user.value() || user.value()->deactivated) return refusal_unauthorized("the session has ended", "revoked");

  const auto use = use_of(login, token_hash);
  if (use == TokenUse::kSpent) {
    if (auto refusal = drop_login(context, login.user, id, EndReason::kRevoked)) return std::move(*refusal);
    return refusal_unauthorized("the refresh token was used before", "revoked");
  }
  if (use == TokenUse::kChildFirst) {
    login.current = token_hash;
    login.children.clear();
    login.expires = context.now() + options_.refresh_life;  // repeating a parent does not prolong anything
  }
  // The last child that fits is the same one from then on: none is forgotten, for its use would look like re-use.
  auto token = login.children.size() + 1 < kMaxRefreshChildren ? parts_.refresh_tokens.make(id)
                                                               : parts_.refresh_tokens.make_again(id, login.current);
  const auto child = parts_.refresh_tokens.hash(token);
  if (use_of(login, child) == TokenUse::kSpent) login.children.push_back(child);
  login.last_used = context.now();
  context.batch().logins.push_back(login);
  Grant grant;
  grant.user = *user.value();
  fill_tokens(grant, login, std::move(token), context.now());
  return grant;
}

}  // namespace chat
