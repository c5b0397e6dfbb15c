#include "chat/rules/account_fields.hpp"
#include "chat/services/accounts_password_job.hpp"

namespace chat {
namespace {

std::optional<Refusal> check_form(const Credentials& credentials) {
  if (auto refusal = check_username(credentials.username)) return refusal;
  if (auto refusal = check_email(credentials.email)) return refusal;
  return check_password_form(credentials.password, "password");
}

std::optional<Refusal> check_free(const AccountStore& store, const Credentials& credentials) {
  const auto name = store.user_by_name(credentials.username);
  if (!name) return refusal_of(name.error());
  if (name.value()) return refusal_taken("username");
  const auto email = store.user_by_email(credentials.email);
  if (!email) return refusal_of(email.error());
  if (email.value()) return refusal_taken("email");
  return std::nullopt;
}

}  // namespace

void AccountService::register_user(Credentials credentials, base::Executor& on, Reply<Grant> reply) {
  auto job = std::make_shared<PasswordJob<Grant>>(on, std::move(reply));
  if (auto refusal = check_form(credentials)) return job->finish(std::move(*refusal));
  job->credentials = std::move(credentials);
  if (job->credentials.trusted_address) return check_registration(std::move(job));
  address_registrations_.admit(address_key(job->credentials.address), parts_.clock.steady_now(),
                               [this, job](std::uint32_t wait) {
                                 if (wait != 0) return job->finish(refusal_throttled(wait));
                                 check_registration(job);
                               });
}

void AccountService::check_registration(std::shared_ptr<PasswordJob<Grant>> job) {
  const bool taken = parts_.passwords([this, job] {
    // Looked up before the expensive part, and again at the commit, where it counts.
    if (auto refusal = check_free(parts_.store, job->credentials)) return job->finish(std::move(*refusal));
    submit_registration(job, parts_.hasher.hash(job->credentials.password));
  });
  if (!taken) job->finish(refusal_passwords_busy());
}

void AccountService::submit_registration(std::shared_ptr<PasswordJob<Grant>> job, std::string password_hash) {
  decide<Grant>(parts_.lane, job->on, std::move(job->reply),
                [this, job, hash = std::move(password_hash)](LaneContext& context) {
                  return decide_registration(context, job->credentials, hash);
                });
}

Outcome<Grant> AccountService::decide_registration(LaneContext& context, const Credentials& credentials,
                                                   std::string password_hash) {
  if (auto refusal = check_free(context.store(), credentials)) return std::move(*refusal);
  if (!context.store().has_room()) return refusal_of(StoreError::kFull);
  User user;
  user.id = UserId::make(context.now(), context.random());
  user.username = credentials.username;
  user.email = credentials.email;
  user.password_hash = std::move(password_hash);
  user.created = user.last_seen = context.now();
  auto outcome = open_login(context, user, credentials);
  if (std::holds_alternative<Grant>(outcome)) context.batch().users.push_back(std::move(user));
  return outcome;
}

}  // namespace chat
