#pragma once
// AccountService: the implementation of Accounts. Reads and Argon2 run on bounded pools, everything that must hold at
// the commit is decided in the commit lane (accounts_decision.hpp). Any thread; owns no thread; must outlive what it
// handed to lane, pools and shared limits, so stop those first.
//
//   register   limits -> fields -> [password pool: hash]   -> lane: names free? user, device, login, tokens
//   log in     limits -> [password pool: verify or dummy]  -> lane: hash unchanged? device bound, tokens
//                                                             changed: verify once more, against the new one
//   refresh    genuine? -> limit -> lane: current | child -> rotate; neither -> re-use: the family ends
//
// Failed logins look alike: same code, same text, same work (a dummy hash is verified for unknown users).

#include <chrono>

#include "chat/ports/password_hasher.hpp"
#include "chat/ports/presence.hpp"
#include "chat/ports/refresh_tokens.hpp"
#include "chat/rules/limits.hpp"
#include "chat/services/accounts.hpp"
#include "chat/services/accounts_decision.hpp"
#include "chat/services/accounts_gate.hpp"
#include "chat/services/owed_last_seen.hpp"

namespace chat {

struct AccountParts {
  CommandQueue& lane;
  const Store& store;
  PasswordHasher& hasher;
  AccessTokens& access_tokens;
  RefreshTokens& refresh_tokens;
  const base::Clock& clock;
  Offload reads;
  Offload passwords;  // a pool of password_pool_size() threads and kPasswordQueue places
  const Presence& presence;
  /// What all nodes count together; null: this node counts alone.
  SharedThrottle* shared_limits = nullptr;
  const OwedLastSeen* owed = nullptr;
};

struct AccountOptions {
  Limits limits;
  std::chrono::seconds access_life{15 * 60};
  std::chrono::hours refresh_life{30 * 24};
};

/// Logins waiting for a hash; at some 0.15 s each the last one waits a few seconds, which a client still bears.
inline constexpr std::size_t kPasswordQueue = 64;
/// Threads that may run Argon2 at once: the cores, within a memory budget of 256 MiB at 64 MiB each.
[[nodiscard]] std::size_t password_pool_size(std::size_t cores);
/// Refreshes of one login in any minute, counted by this node. Each is a synced commit alone in its batch, for which
/// everybody waits, and nobody needs an access token oftener than at each reconnect. Off where events_per_second is.
inline constexpr std::int64_t kRefreshesPerMinute = 120;
/// Children of one refresh token that nobody has used; whoever repeats it oftener gets the last one again, or a new
/// last one after a rotation of the server's key. Bounds the row.
inline constexpr std::size_t kMaxRefreshChildren = 32;

class AccountService final : public Accounts {
 public:
  /// Computes the dummy hash, once.
  AccountService(AccountParts parts, AccountOptions options);

  void register_user(Credentials credentials, base::Executor& on, Reply<Grant> reply) override;
  void log_in(Credentials credentials, base::Executor& on, Reply<Grant> reply) override;
  void refresh(std::string refresh_token, base::Executor& on, Reply<Grant> reply) override;
  void authenticate(std::string access_token, base::Executor& on, Reply<Caller> reply) override;
  void log_out(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) override;
  void change_password(const Caller& caller, std::string password, std::string new_password, base::Executor& on,
                       Reply<std::monostate> reply) override;
  void me(const Caller& caller, base::Executor& on, Reply<User> reply) override;
  void update_me(const Caller& caller, AccountChange change, base::Executor& on, Reply<User> reply) override;
  void erase(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) override;
  void find_user(const Caller& caller, std::string username, base::Executor& on, Reply<User> reply) override;

  void devices(const Caller& caller, base::Executor& on, Reply<std::vector<DeviceView>> reply) override;
  void remove_device(const Caller& caller, DeviceId device, base::Executor& on, Reply<std::monostate> reply) override;
  void set_push(const Caller& caller, DeviceId device, std::optional<PushAddress> address, base::Executor& on,
                Reply<std::monostate> reply) override;
  void logins(const Caller& caller, base::Executor& on, Reply<std::vector<Login>> reply) override;
  void revoke_login(const Caller& caller, LoginId login, base::Executor& on, Reply<std::monostate> reply) override;

  /// How often a limit has said no, ever; any thread. For restante_refusals_total.
  [[nodiscard]] std::uint64_t refused_logins() const { return address_logins_.refused(); }
  [[nodiscard]] std::uint64_t refused_guesses() const { return failures_.refused(); }
  [[nodiscard]] std::uint64_t refused_registrations() const { return address_registrations_.refused(); }
  [[nodiscard]] std::uint64_t refused_refreshes() const { return refreshes_.refused(); }
  [[nodiscard]] std::uint64_t refused_lookups() const { return lookups_.refused(); }

 private:
  template <class T>
  struct PasswordJob;

  void check_registration(std::shared_ptr<PasswordJob<Grant>> job);
  void submit_registration(std::shared_ptr<PasswordJob<Grant>> job, std::string password_hash);
  void begin_login(const std::shared_ptr<PasswordJob<Grant>>& job);
  void check_login(const std::shared_ptr<PasswordJob<Grant>>& job);
  /// `verified_hash` is what the password matched; `new_hash` replaces it when it is outdated, else empty.
  void submit_login(std::shared_ptr<PasswordJob<Grant>> job, UserId user, std::string verified_hash,
                    std::string new_hash);
  void check_password_change(const std::shared_ptr<PasswordJob<std::monostate>>& job, std::string new_password);
  void submit_password_change(std::shared_ptr<PasswordJob<std::monostate>> job, std::string verified_hash,
                              std::string new_hash);
  /// Answers the job, unless another hash was found at the commit: then `check` looks at that one, on the pool.
  template <class T>
  Reply<T> answer_or_recheck(std::shared_ptr<PasswordJob<T>> job, std::function<void(std::string)> check);

  void read_user(std::string username, base::Executor& on, Reply<User> reply);

  Outcome<Grant> decide_registration(LaneContext& context, const Credentials& credentials, std::string password_hash);
  Outcome<Grant> decide_refresh(LaneContext& context, const LoginId& id, const std::string& token_hash);
  /// Binds the device to a fresh login and makes its tokens.
  Outcome<Grant> open_login(LaneContext& context, const User& user, const Credentials& credentials);
  void fill_tokens(Grant& grant, const Login& login, std::string refresh_token, WallTime now);
  /// OwedLastSeen::of_user(): the later of it and the row that is read next is right.
  [[nodiscard]] WallTime owed_last_seen(const UserId& user) const {
    return parts_.owed == nullptr ? WallTime{} : parts_.owed->of_user(user);
  }
  Outcome<Caller> check_token(const std::string& token) const;
  Outcome<std::vector<DeviceView>> read_devices(const UserId& user) const;
  Outcome<std::vector<Login>> read_logins(const UserId& user) const;

  AccountParts parts_;
  const AccountOptions options_;
  std::string dummy_hash_;
  FailureGate failures_;
  WindowGate address_logins_;
  WindowGate address_registrations_;
  WindowGate lookups_;
  WindowThrottle refreshes_;
};

}  // namespace chat
