#pragma once
// Reads of accounts, devices, logins and relations. Thread and visibility rules as in mail_store.hpp.

#include <optional>
#include <string_view>
#include <vector>

#include "chat/model/account.hpp"
#include "chat/model/mailbox.hpp"
#include "chat/ports/mail_store.hpp"

namespace chat {

class AccountStore {
 public:
  virtual ~AccountStore() = default;

  [[nodiscard]] virtual Read<std::optional<User>> user(const UserId& id) const = 0;
  /// Without regard to ASCII case.
  [[nodiscard]] virtual Read<std::optional<User>> user_by_name(std::string_view username) const = 0;
  [[nodiscard]] virtual Read<std::optional<User>> user_by_email(std::string_view email) const = 0;
  [[nodiscard]] virtual Read<bool> has_users() const = 0;
  /// Ids of all accounts > `after`, ascending, at most `limit`; empty at the end.
  [[nodiscard]] virtual Read<std::vector<UserId>> users_after(const UserId& after, std::size_t limit) const = 0;

  [[nodiscard]] virtual Read<std::vector<Device>> devices(const UserId& user) const = 0;
  /// Ascending by device. The first may be of the empty id, which no device has: how far devices had come that have
  /// gone. A row like any other; as nobody erases that device, it goes with the user only.
  [[nodiscard]] virtual Read<std::vector<DevicePosition>> positions(const UserId& user) const = 0;
  [[nodiscard]] virtual Read<std::optional<Login>> login(const LoginId& id) const = 0;
  [[nodiscard]] virtual Read<std::vector<Login>> logins(const UserId& user) const = 0;

  /// kNone and unblocked when there is no row.
  [[nodiscard]] virtual Read<Relation> relation(const ConversationKey& pair) const = 0;
  [[nodiscard]] virtual Read<std::vector<Relation>> relations(const UserId& user) const = 0;
};

}  // namespace chat
