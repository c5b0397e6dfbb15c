// Arbitrary arguments for every event a client may send. What is accepted is within its limits, and says the same when
// it is written as JSON and read again. Input: a byte that chooses the event, then the argument text.

#include <cstdint>

#include "base/check.hpp"
#include "base/json_writer.hpp"
#include "chat/rules/limits.hpp"
#include "chat/rules/message_text.hpp"
#include "gateway/client_events.hpp"
#include "gateway/connect_payload.hpp"

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

void check_refusal(const chat::Refusal& refusal) {
  CHECK(refusal.code == chat::ErrorCode::kInvalid || refusal.code == chat::ErrorCode::kTooLarge);
  CHECK(!refusal.message.empty());
  CHECK(refusal.retry_after_seconds == 0);
}

void fuzz_send(std::string_view arguments) {
  const auto send = gateway::parse_send(arguments);
  if (!send) return check_refusal(send.error());
  CHECK(!send->content.empty() && send->content.size() <= chat::kTextLimit);
  const auto text = chat::accept_text(send->content);
  CHECK(text.ok() && *text == send->content);
  CHECK(send->client_id.empty() || chat::is_client_id(send->client_id));
  std::string json = R"({"recipient":)" + quoted(send->recipient.hex()) + R"(,"content":)" + quoted(send->content);
  if (!send->client_id.empty()) json += R"(,"clientId":)" + quoted(send->client_id);
  const auto again = gateway::parse_send(json + "}");
  CHECK(again.ok());
  CHECK(again->recipient == send->recipient && again->content == send->content);
  CHECK(again->client_id == send->client_id);
}

void fuzz_mark_read(std::string_view arguments) {
  const auto read = gateway::parse_mark_read(arguments);
  if (!read) return check_refusal(read.error());
  std::string json;
  if (const auto* message = std::get_if<chat::MessageId>(&*read)) {
    json = R"({"messageId":)" + quoted(message->hex()) + "}";
  } else {
    const auto& [peer, up_to] = std::get<0>(*read);
    json = R"({"peer":)" + quoted(peer.hex()) + R"(,"upTo":)" + std::to_string(up_to.value) + "}";
  }
  const auto again = gateway::parse_mark_read(json);
  CHECK(again.ok() && *again == *read);
}

void fuzz_typing(std::string_view arguments) {
  const auto typing = gateway::parse_typing(arguments);
  if (!typing) return check_refusal(typing.error());
  const auto again = gateway::parse_typing(R"({"recipient":)" + quoted(typing->recipient.hex()) + R"(,"typing":)" +
                                           (typing->typing ? "true" : "false") + "}");
  CHECK(again.ok() && again->recipient == typing->recipient && again->typing == typing->typing);
}

void fuzz_sync(std::string_view arguments) {
  const auto point = gateway::parse_sync(arguments);
  if (!point) return check_refusal(point.error());
  CHECK(point->epoch.size() <= gateway::kMaxEpochLength);
  const auto again = gateway::parse_sync(R"({"epoch":)" + quoted(point->epoch) + R"(,"position":)" +
                                         std::to_string(point->position.value) + "}");
  CHECK(again.ok() && again->epoch == point->epoch && again->position == point->position);
}

void fuzz_ack(std::string_view arguments) {
  if (gateway::ack_confirms(arguments)) return;
  CHECK(arguments.starts_with('{'));
  CHECK(arguments.find("false") != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view arguments(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  constexpr void (*kEvents[])(std::string_view) = {fuzz_send, fuzz_mark_read, fuzz_typing, fuzz_sync, fuzz_ack};
  kEvents[bytes[0] % std::size(kEvents)](arguments);
  return 0;
}
