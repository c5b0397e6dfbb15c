#pragma once
// Private to the files of AccountService.

#include "chat/services/accounts_service.hpp"

namespace chat {

/// One call that waits for the password pool. Shared with the pool's task: a full pool destroys the task, and somebody
/// must still answer.
template <class T>
struct AccountService::PasswordJob {
  PasswordJob(base::Executor& executor, Reply<T> to) : on(executor), reply(std::move(to)) {}
  void finish(Outcome<T> outcome) { answer<T>(on, std::move(reply), std::move(outcome)); }

  base::Executor& on;
  Reply<T> reply;
  Credentials credentials;
  FailureGate::Attempt attempt;
  Caller caller;           // change of password only
  std::string other_hash;  // found at the commit instead of the one that the password matched; empty: none was
  int rechecks = 0;
};

/// Hashes that came in between are tried so often. One is what logins beside this one leave that hashed anew.
inline constexpr int kPasswordRechecks = 2;

/// The pool that hashes is full: at two hashes in 0.3 s its queue is worked off in some ten seconds at most.
inline Refusal refusal_passwords_busy() {
  return {ErrorCode::kOverloaded, "too many logins at the moment", 5, {}, {}};
}
inline Refusal refusal_throttled(std::uint32_t seconds) {
  return {ErrorCode::kRateLimited, "too many attempts", seconds, {}, {}};
}
inline Refusal refusal_credentials() {
  return refusal_unauthorized("username or password is wrong");
}
inline Refusal refusal_taken(std::string_view field) {
  return {ErrorCode::kConflict, "this " + std::string(field) + " is taken", 0, std::string(field), {}};
}
std::optional<Refusal> check_username(std::string_view username);
std::optional<Refusal> check_email(std::string_view email);
std::optional<Refusal> check_password_form(std::string_view password, std::string_view field);

}  // namespace chat
