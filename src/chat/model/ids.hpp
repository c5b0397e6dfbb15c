#pragma once
// Identities and numbers of the chat. Each has a type of its own, so that wrong arguments do not compile.

#include <optional>
#include <string>
#include <string_view>

#include "base/object_id.hpp"
#include "base/strong.hpp"

namespace chat {

using base::SteadyTime;
using base::WallTime;

using UserId = base::ObjectId<struct UserTag>;
using MessageId = base::ObjectId<struct MessageTag>;
/// A login (refresh-token family), not a connection.
using LoginId = base::ObjectId<struct LoginTag>;
using KeyId = base::ObjectId<struct KeyTag>;

/// Number of an entry in one user's mailbox: 1, 2, … without holes, in commit order. 0 = before the first.
using MailboxSeq = base::StrongNumber<struct MailboxTag>;
/// Number of a message in one conversation: 1, 2, … without holes, in commit order. 0 = before the first.
using ConversationSeq = base::StrongNumber<struct ConversationTag>;
/// Index of an epoch in the store's list: 1 is the first opening of the store.
using EpochNumber = base::StrongNumber<struct EpochTag, std::uint32_t>;

/// 1..64 characters of [A-Za-z0-9._-], not "." or ".."; unique per user.
struct DeviceId {
  std::string value;

  static std::optional<DeviceId> parse(std::string_view text);
  friend auto operator<=>(const DeviceId&, const DeviceId&) = default;
};

/// The unordered pair of two different users; `low` < `high`.
struct ConversationKey {
  UserId low;
  UserId high;

  static ConversationKey of(const UserId& a, const UserId& b) {
    return a < b ? ConversationKey{a, b} : ConversationKey{b, a};
  }
  [[nodiscard]] bool has(const UserId& user) const { return user == low || user == high; }
  [[nodiscard]] const UserId& peer_of(const UserId& user) const { return user == low ? high : low; }
  friend auto operator<=>(const ConversationKey&, const ConversationKey&) = default;
};

}  // namespace chat

template <>
struct std::hash<chat::ConversationKey> {
  std::size_t operator()(const chat::ConversationKey& key) const noexcept {
    return std::hash<chat::UserId>{}(key.low) * 31 + std::hash<chat::UserId>{}(key.high);
  }
};
