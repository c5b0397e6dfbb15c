#pragma once
// A device as its owner sees it: what it has stored, what it still wants to send, and what it was told. Survives
// connections and server crashes; this is the outside that the oracle judges by.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "chat/services/messaging.hpp"

namespace simulation {

/// One text that the person wrote. Sent until it is answered, always with the same client id.
struct Intent {
  chat::UserId recipient;
  std::string client_id;
  std::string text;
  bool in_flight = false;  // on the current connection
  std::optional<chat::SendAnswer> answer;
  bool given_up = false;  // `not_allowed`: no friend
};

struct Client {
  chat::UserId user;
  chat::DeviceId device;
  chat::LoginId login;
  // What kind of program it is.
  bool batch = false;
  bool heartbeat = false;
  bool resumes = false;  // keeps (epoch, position) in the transaction that stores the item

  // Durable on the device.
  std::set<chat::MessageId> stored;
  std::map<chat::UserId, chat::ConversationSeq> seen;  // highest number stored, per peer
  std::map<std::pair<chat::UserId, chat::WatermarkKind>, chat::ConversationSeq> told;  // own messages, per peer
  std::optional<chat::ResumePoint> point;
  std::optional<chat::MailboxSeq> since;  // where it began, at its first connection: nothing before is its business
  chat::MailboxSeq pushed_after;          // entries above are owed a push while it has an address
  std::deque<Intent> outbox;              // all it ever wrote; indices are stable

  // Of the current connection.
  bool hole = false;  // something was not stored: the position must not pass it

  [[nodiscard]] const Intent* unanswered() const {
    for (const auto& intent : outbox) {
      if (!intent.answer && !intent.given_up) return &intent;
    }
    return nullptr;
  }
  [[nodiscard]] bool settled() const { return unanswered() == nullptr; }
};

}  // namespace simulation
