#include "chat/rules/account_fields.hpp"
#include "chat/services/accounts_device.hpp"
#include "chat/services/accounts_password_job.hpp"

namespace chat {
namespace {

Refusal refusal_present_password() {
  auto refusal = refusal_unauthorized("the present password is wrong");
  refusal.field = "password";
  return refusal;
}

}  // namespace

void AccountService::log_in(Credentials credentials, base::Executor& on, Reply<Grant> reply) {
  auto job = std::make_shared<PasswordJob<Grant>>(on, std::move(reply));
  job->credentials = std::move(credentials);
  if (job->credentials.trusted_address) return begin_login(job);
  address_logins_.admit(address_key(job->credentials.address), parts_.clock.steady_now(),
                        [this, job](std::uint32_t wait) {
                          if (wait != 0) return job->finish(refusal_throttled(wait));
                          begin_login(job);
                        });
}

void AccountService::begin_login(const std::shared_ptr<PasswordJob<Grant>>& job) {
  const auto& credentials = job->credentials;
  // What can be no account's is refused without a hash, whoever it names.
  if (!is_username(credentials.username) || !is_password(credentials.password)) {
    return job->finish(refusal_credentials());
  }
  failures_.begin(fold_case(credentials.username), [this, job](std::uint32_t wait, FailureGate::Attempt attempt) {
    if (wait != 0) return job->finish(refusal_throttled(wait));
    job->attempt = std::move(attempt);
    if (parts_.passwords([this, job] { check_login(job); })) return;
    failures_.withdrawn(job->attempt);
    job->finish(refusal_passwords_busy());
  });
}

void AccountService::check_login(const std::shared_ptr<PasswordJob<Grant>>& job) {
  const auto& credentials = job->credentials;
  const auto found = parts_.store.user_by_name(credentials.username);
  if (!found) {
    failures_.withdrawn(job->attempt);
    return job->finish(refusal_of(found.error()));
  }
  const auto& user = found.value();
  const auto& hash = user ? user->password_hash : dummy_hash_;
  const bool matches = parts_.hasher.verify(credentials.password, hash);
  if (!user || !matches || user->deactivated) {
    failures_.failed(job->attempt);
    return job->finish(refusal_credentials());
  }
  failures_.succeeded(job->attempt);
  std::string renewed;
  if (parts_.hasher.outdated(hash)) renewed = parts_.hasher.hash(credentials.password);
  submit_login(job, user->id, hash, std::move(renewed));
}

/// Another hash need not be another password: of several logins at once that hash an outdated one anew only the first
/// finds what it has verified.
template <class T>
Reply<T> AccountService::answer_or_recheck(std::shared_ptr<PasswordJob<T>> job,
                                           std::function<void(std::string)> check) {
  return [this, job = std::move(job), check = std::move(check)](Outcome<T> outcome) {
    if (job->other_hash.empty()) return job->reply(std::move(outcome));
    if (++job->rechecks > kPasswordRechecks) return job->reply(refusal_of(StoreError::kConflict));
    const bool taken = parts_.passwords([check, hash = std::exchange(job->other_hash, {})] { check(hash); });
    if (!taken) job->reply(refusal_passwords_busy());
  };
}

void AccountService::submit_login(std::shared_ptr<PasswordJob<Grant>> job, UserId id, std::string verified_hash,
                                  std::string new_hash) {
  auto choose = [this, job, id, verified = std::move(verified_hash),
                 renewed = std::move(new_hash)](LaneContext& context) -> Outcome<Grant> {
    job->other_hash.clear();
    auto found = context.store().user(id);
    if (!found) return refusal_of(found.error());
    auto& user = found.value();
    // Erased or banned while the password was being checked.
    if (!user || user->deactivated) return refusal_credentials();
    if (user->password_hash != verified) {
      job->other_hash = user->password_hash;
      return refusal_credentials();
    }
    auto outcome = open_login(context, *user, job->credentials);
    if (!renewed.empty() && std::holds_alternative<Grant>(outcome)) {
      user->password_hash = renewed;
      context.batch().users.push_back(std::move(*user));
    }
    return outcome;
  };
  auto& on = job->on;
  auto reply = answer_or_recheck<Grant>(job, [this, job, id](std::string hash) {
    const auto& password = job->credentials.password;
    if (!parts_.hasher.verify(password, hash)) return job->finish(refusal_credentials());
    std::string renewed;
    if (parts_.hasher.outdated(hash)) renewed = parts_.hasher.hash(password);
    submit_login(job, id, std::move(hash), std::move(renewed));
  });
  decide<Grant>(parts_.lane, on, std::move(reply), std::move(choose));
}

void AccountService::change_password(const Caller& caller, std::string password, std::string new_password,
                                     base::Executor& on, Reply<std::monostate> reply) {
  auto job = std::make_shared<PasswordJob<std::monostate>>(on, std::move(reply));
  if (auto refusal = check_password_form(new_password, "newPassword")) return job->finish(std::move(*refusal));
  job->caller = caller;
  job->credentials.password = std::move(password);
  // The same guessing as at a login, by somebody who holds a token: throttled by account too.
  failures_.begin("change:" + caller.user.hex(), [this, job, chosen = std::move(new_password)](
                                                     std::uint32_t wait, FailureGate::Attempt attempt) mutable {
    if (wait != 0) return job->finish(refusal_throttled(wait));
    job->attempt = std::move(attempt);
    const bool taken = parts_.passwords(
        [this, job, chosen = std::move(chosen)]() mutable { check_password_change(job, std::move(chosen)); });
    if (taken) return;
    failures_.withdrawn(job->attempt);
    job->finish(refusal_passwords_busy());
  });
}

void AccountService::check_password_change(const std::shared_ptr<PasswordJob<std::monostate>>& job,
                                           std::string new_password) {
  const auto found = parts_.store.user(job->caller.user);
  if (!found) {
    failures_.withdrawn(job->attempt);
    return job->finish(refusal_of(found.error()));
  }
  const auto& user = found.value();
  if (!user || !parts_.hasher.verify(job->credentials.password, user->password_hash)) {
    failures_.failed(job->attempt);
    return job->finish(refusal_present_password());
  }
  failures_.succeeded(job->attempt);
  submit_password_change(job, user->password_hash, parts_.hasher.hash(new_password));
}

void AccountService::submit_password_change(std::shared_ptr<PasswordJob<std::monostate>> job, std::string verified_hash,
                                            std::string new_hash) {
  auto choose = [job, verified = std::move(verified_hash),
                 hash = new_hash](LaneContext& context) -> Outcome<std::monostate> {
    job->other_hash.clear();
    const auto& caller = job->caller;
    if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
    auto row = context.store().user(caller.user);
    if (!row) return refusal_of(row.error());
    if (!row.value()) return refusal_present_password();
    if (row.value()->password_hash != verified) {
      job->other_hash = row.value()->password_hash;
      return refusal_present_password();
    }
    const auto logins = context.store().logins(caller.user);
    if (!logins) return refusal_of(logins.error());
    std::vector<LoginId> others;
    for (const auto& login : logins.value()) {
      if (login.id != caller.login) others.push_back(login.id);
    }
    if (auto refusal = erase_logins(context, caller.user, others)) return std::move(*refusal);
    row.value()->password_hash = hash;
    context.batch().users.push_back(*row.value());
    context.end_user(caller.user, EndReason::kPasswordChanged, caller.login);
    context.forget_user(caller.user);
    return std::monostate{};
  };
  auto& on = job->on;
  auto reply = answer_or_recheck<std::monostate>(job, [this, job, chosen = std::move(new_hash)](std::string hash) {
    if (!parts_.hasher.verify(job->credentials.password, hash)) return job->finish(refusal_present_password());
    submit_password_change(job, std::move(hash), chosen);
  });
  decide<std::monostate>(parts_.lane, on, std::move(reply), std::move(choose));
}

}  // namespace chat
