#pragma once
// What clients say, decoded against limits: the arguments of send_message, mark_read, typing and sync. Each parser
// takes the event's argument text (exactly one JSON value) and answers the value or the refusal that the client is
// told.

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.hpp"
#include "chat/model/failure.hpp"
#include "chat/services/messaging.hpp"

namespace gateway {

struct SendArguments {
  chat::UserId recipient;
  std::string content;    // checked and folded text
  std::string client_id;  // empty: none
};
struct TypingArguments {
  chat::UserId recipient;
  bool typing = false;
};
using ReadArguments = std::variant<std::pair<chat::UserId, chat::ConversationSeq>, chat::MessageId>;

base::Result<SendArguments, chat::Refusal> parse_send(std::string_view arguments);
base::Result<ReadArguments, chat::Refusal> parse_mark_read(std::string_view arguments);
base::Result<TypingArguments, chat::Refusal> parse_typing(std::string_view arguments);
base::Result<chat::ResumePoint, chat::Refusal> parse_sync(std::string_view arguments);

/// True unless the client's answer to a delivered entry says "not stored": an object whose `ok` is false.
bool ack_confirms(std::string_view arguments);

}  // namespace gateway
