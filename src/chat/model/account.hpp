#pragma once
#include <optional>
#include <string>
#include <vector>

#include "chat/model/ids.hpp"

namespace chat {

struct User {
  UserId id;
  std::string username;       // unique without regard to ASCII case; shown as given
  std::string email;          // unique without regard to ASCII case
  std::string password_hash;  // PHC string
  WallTime created{};
  WallTime last_seen{};
  bool deactivated = false;    // banned by the operator
  bool push_previews = false;  // pushes may show the sender's name and the beginning of the text
};

/// Where a device wants to be woken. Kept opaque here: `kind` is "fcm" or "webpush", `address` the provider's own JSON.
struct PushAddress {
  std::string kind;
  std::string address;
};

struct Device {
  UserId user;
  DeviceId id;
  LoginId login;  // the session that created or last logged in on it; only that session may use it
  WallTime created{};
  WallTime last_seen{};
  MailboxSeq start;  // where it began (fixed when it was created)
  std::optional<PushAddress> push;
};

/// One login: the family of refresh tokens of one device.
struct Login {
  LoginId id;
  UserId user;
  DeviceId device;
  WallTime created{};
  WallTime last_used{};
  WallTime expires{};
  std::string address;  // peer address at login, for the list of sessions
  /// SHA-256 of refresh tokens. `current` was presented last (or issued at login); its `children` were issued in
  /// exchange and none of them has been presented yet. A genuine token of this login (it carries a MAC) that is neither
  /// was spent.
  std::string current;
  std::vector<std::string> children;
};

enum class Friendship : std::uint8_t { kNone, kRequestedByLow, kRequestedByHigh, kFriends };

/// The relation of the two users of `pair`. A block suspends a friendship; unblocking restores it.
struct Relation {
  ConversationKey pair;
  Friendship friendship = Friendship::kNone;
  bool blocked_by_low = false;
  bool blocked_by_high = false;
  WallTime changed{};

  [[nodiscard]] bool blocked() const { return blocked_by_low || blocked_by_high; }
  [[nodiscard]] bool blocked_by(const UserId& user) const {
    return user == pair.low ? blocked_by_low : blocked_by_high;
  }
};

}  // namespace chat
