#include "gateway/client_events.hpp"

#include "base/clamped_number.hpp"
#include "base/json_reader.hpp"
#include "chat/services/send_input.hpp"
#include "gateway/connect_payload.hpp"

namespace gateway {
namespace {

using base::fail;
using base::is_given;
using base::JsonValue;
using chat::ErrorCode;
using chat::invalid;
using chat::Refusal;

base::Result<JsonValue, Refusal> parse_object(std::string_view arguments) {
  const auto value = base::parse_json(arguments, base::JsonLimits::strict());
  if (!value || !value->is_object())
    return fail(Refusal{.code = ErrorCode::kInvalid,
                        .message = "the event takes exactly one argument: a JSON object without repeated keys"});
  return *value;
}

base::Result<chat::UserId, Refusal> user_member(const JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  const auto text = member ? member->as_plain_string_view() : std::nullopt;
  const auto id = text ? chat::UserId::from_hex(*text) : std::nullopt;
  if (!id) return fail(invalid(name, std::string(name) + " is a user id of 24 hex digits"));
  return *id;
}

}  // namespace

base::Result<SendArguments, Refusal> parse_send(std::string_view arguments) {
  const auto object = parse_object(arguments);
  if (!object) return fail(object.error());
  const auto recipient = user_member(*object, "recipient");
  if (!recipient) return fail(recipient.error());
  const auto id = object->member("clientId");
  auto client_id = is_given(id) ? id->as_string() : std::string();
  if (!client_id) return fail(invalid("clientId", "clientId is 1 to 64 visible ASCII characters"));
  const auto content = object->member("content");
  auto text = content ? content->as_string() : std::nullopt;
  if (!text) return fail(invalid("content", "content is a text"));
  auto accepted = chat::check_send_input(std::move(*text),
                                         is_given(id) ? std::optional<std::string_view>(*client_id) : std::nullopt);
  if (!accepted) return fail(accepted.error());
  return SendArguments{*recipient, std::move(*accepted), std::move(*client_id)};
}

base::Result<ReadArguments, Refusal> parse_mark_read(std::string_view arguments) {
  const auto object = parse_object(arguments);
  if (!object) return fail(object.error());
  if (const auto message = object->member("messageId"); is_given(message)) {
    const auto text = message->as_plain_string_view();
    const auto id = text ? chat::MessageId::from_hex(*text) : std::nullopt;
    if (!id) return fail(invalid("messageId", "messageId is a message id of 24 hex digits"));
    return ReadArguments(*id);
  }
  const auto peer = user_member(*object, "peer");
  if (!peer) return fail(peer.error());
  const auto up_to = object->member("upTo");
  const auto number = up_to ? base::clamped_uint64(*up_to) : std::nullopt;
  if (!number) return fail(invalid("upTo", "upTo is a conversation number, a whole number"));
  return ReadArguments(std::pair(*peer, chat::ConversationSeq(*number)));
}

base::Result<TypingArguments, Refusal> parse_typing(std::string_view arguments) {
  const auto object = parse_object(arguments);
  if (!object) return fail(object.error());
  const auto recipient = user_member(*object, "recipient");
  if (!recipient) return fail(recipient.error());
  const auto typing = object->member("typing");
  const auto flag = typing ? typing->as_bool() : std::nullopt;
  if (!flag) return fail(invalid("typing", "typing is true or false"));
  return TypingArguments{*recipient, *flag};
}

base::Result<chat::ResumePoint, Refusal> parse_sync(std::string_view arguments) {
  const auto object = parse_object(arguments);
  if (!object) return fail(object.error());
  const auto epoch = object->member("epoch");
  auto text = epoch ? epoch->as_string() : std::nullopt;
  if (!text || text->size() > kMaxEpochLength) return fail(invalid("epoch", "epoch is the text that `ready` gave"));
  const auto position = object->member("position");
  const auto number = position ? base::clamped_uint64(*position) : std::nullopt;  // as at CONNECT
  if (!number) return fail(invalid("position", "position is a whole number, 0 or more"));
  return chat::ResumePoint{std::move(*text), chat::MailboxSeq(*number)};
}

bool ack_confirms(std::string_view arguments) {
  if (arguments.empty() || arguments.front() != '{' || arguments == R"({"ok":true})") return true;
  // Later arguments of the answer do not matter; the first one decides.
  bool confirms = true;
  const auto wrapped = "[" + std::string(arguments) + "]";
  const auto values = base::parse_json(wrapped);
  if (!values) return true;
  values->for_each_element([&](const JsonValue& first) {
    if (const auto ok = first.member("ok")) confirms = ok->as_bool().value_or(true);
    return false;
  });
  return confirms;
}

}  // namespace gateway
