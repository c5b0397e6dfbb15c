#pragma once
// Accounts, logins, devices: register, log in, refresh, log out, change the password, erase, export. Calls come from
// any thread; slow work (Argon2, store reads) runs on the given bounded pools; the reply is posted to `on`.

#include "chat/ports/access_tokens.hpp"
#include "chat/services/messaging.hpp"

namespace chat {

struct Credentials {  // register: all; login: without email
  std::string username;
  std::string email;
  std::string password;
  std::optional<DeviceId> device;
  std::string address;           // peer, for limits and the list of sessions
  bool trusted_address = false;  // loopback or trusted proxy: exempt from limits per address
};
struct Grant {
  User user;
  DeviceId device;
  std::string access_token;
  std::string refresh_token;
  std::chrono::seconds expires_in{0};
};
/// Who calls: what a verified access token says, checked against the login table.
struct Caller {
  UserId user;
  LoginId login;
  DeviceId device;
};
/// What a user changes of itself; absent fields stay.
struct AccountChange {
  std::optional<std::string> username;
  std::optional<std::string> email;
  std::optional<bool> push_previews;
};
struct DeviceView {
  Device device;
  MailboxSeq position;
  bool online = false;
};

class Accounts {
 public:
  virtual ~Accounts() = default;

  virtual void register_user(Credentials credentials, base::Executor& on, Reply<Grant> reply) = 0;
  virtual void log_in(Credentials credentials, base::Executor& on, Reply<Grant> reply) = 0;
  virtual void refresh(std::string refresh_token, base::Executor& on, Reply<Grant> reply) = 0;
  /// Verifies the token and that its login still exists (one store read on the pool).
  virtual void authenticate(std::string access_token, base::Executor& on, Reply<Caller> reply) = 0;
  virtual void log_out(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void change_password(const Caller& caller, std::string password, std::string new_password, base::Executor& on,
                               Reply<std::monostate> reply) = 0;
  virtual void me(const Caller& caller, base::Executor& on, Reply<User> reply) = 0;
  virtual void update_me(const Caller& caller, AccountChange change, base::Executor& on, Reply<User> reply) = 0;
  virtual void erase(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) = 0;
  virtual void find_user(const Caller& caller, std::string username, base::Executor& on, Reply<User> reply) = 0;

  virtual void devices(const Caller& caller, base::Executor& on, Reply<std::vector<DeviceView>> reply) = 0;
  virtual void remove_device(const Caller& caller, DeviceId device, base::Executor& on,
                             Reply<std::monostate> reply) = 0;
  virtual void set_push(const Caller& caller, DeviceId device, std::optional<PushAddress> address, base::Executor& on,
                        Reply<std::monostate> reply) = 0;
  /// Those that have not run out, and those that have while a socket of theirs lives.
  virtual void logins(const Caller& caller, base::Executor& on, Reply<std::vector<Login>> reply) = 0;
  virtual void revoke_login(const Caller& caller, LoginId login, base::Executor& on, Reply<std::monostate> reply) = 0;
};

}  // namespace chat
