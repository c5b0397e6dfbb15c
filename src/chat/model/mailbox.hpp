#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "chat/model/ids.hpp"
#include "chat/model/message.hpp"

namespace chat {

enum class EntryKind : std::uint8_t {
  kMessage = 1,   // to this user, or a copy of this user's own message
  kStatus = 2,    // delivered or read watermark over this user's messages to `peer`
  kOwnRead = 3,   // this user read on another device
  kRelation = 4,  // friend_request, friend_accepted, friend_removed
  kFailed = 5,    // a message of this user failed
  kRemoved = 6,   // a message to this user was removed (expired, erased)
};
enum class RelationEvent : std::uint8_t { kFriendRequest = 1, kFriendAccepted = 2, kFriendRemoved = 3 };

/// One line of a user's append-only log. Which fields are meant depends on `kind`.
struct MailboxEntry {
  UserId owner;
  MailboxSeq position;
  EpochNumber epoch;
  EntryKind kind = EntryKind::kMessage;
  WallTime at{};
  UserId peer;          // the other person
  ConversationSeq seq;  // message: its number; status, own read: up_to
  MessageId message;    // message, failed, removed: its id; status: id of the newest own message covered
  bool own = false;     // message: sent by `owner` (a copy)
  DeviceId origin;      // device of `owner` that caused it; its pump passes it over. Empty: none
  WatermarkKind watermark = WatermarkKind::kDelivered;
  RelationEvent relation = RelationEvent::kFriendRequest;
  FailureReason reason = FailureReason::kExpired;
};

/// What of a mailbox is kept: entries first..head (first = head + 1 when none is).
struct MailboxBounds {
  MailboxSeq first{1};
  MailboxSeq head;
};

struct DevicePosition {
  UserId user;
  DeviceId device;
  MailboxSeq position;
};

}  // namespace chat
