#include "gateway/connect_payload.hpp"

#include "base/clamped_number.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

namespace gateway {
namespace {

using base::fail;
using base::is_given;
using base::JsonValue;
using chat::ErrorCode;
using chat::Refusal;

Refusal invalid_auth(std::string_view field, std::string_view what) {
  auto refusal = chat::invalid(field, what);
  refusal.reason = "invalid";
  return refusal;
}

base::Result<std::optional<chat::ResumePoint>, Refusal> parse_resume(const JsonValue& auth) {
  const auto epoch = auth.member("epoch");
  const auto position = auth.member("position");
  if (!is_given(epoch) && !is_given(position)) return std::optional<chat::ResumePoint>();
  if (!is_given(epoch) || !is_given(position))
    return fail(invalid_auth(is_given(epoch) ? "position" : "epoch", "epoch and position belong together"));
  const auto text = epoch->as_string();
  if (!text || text->size() > kMaxEpochLength)
    return fail(invalid_auth("epoch", "epoch is the text that `ready` gave"));
  const auto number = base::clamped_uint64(*position);  // above every head: a reset, not a mistake
  if (!number) return fail(invalid_auth("position", "position is a whole number, 0 or more"));
  return std::optional(chat::ResumePoint{*text, chat::MailboxSeq(*number)});
}

}  // namespace

base::Result<ConnectPayload, Refusal> parse_connect_payload(std::string_view auth) {
  const auto parsed = base::parse_json(auth, base::JsonLimits::strict());
  if (!parsed || !parsed->is_object()) return fail(invalid_auth("auth", "auth is a JSON object without repeated keys"));
  ConnectPayload payload;
  const auto token = parsed->member("token");
  if (!is_given(token))
    return fail(Refusal{.code = ErrorCode::kUnauthorized, .message = "auth.token is missing", .reason = "invalid"});
  const auto token_text = token->as_string();
  if (!token_text) return fail(invalid_auth("token", "token is a text"));
  payload.token = *token_text;

  if (const auto device = parsed->member("device"); is_given(device)) {
    const auto text = device->as_string();
    payload.device = text ? chat::DeviceId::parse(*text) : std::nullopt;
    if (!payload.device)
      return fail(invalid_auth("device", "device is 1 to 64 characters of [A-Za-z0-9._-], not . or .."));
  }
  auto resume = parse_resume(*parsed);
  if (!resume) return fail(resume.error());
  payload.resume = std::move(*resume);
  if (const auto batch = parsed->member("batch"); is_given(batch)) {
    const auto flag = batch->as_bool();
    if (!flag) return fail(invalid_auth("batch", "batch is true or false"));
    payload.batch = *flag;
  }
  if (const auto confirm = parsed->member("confirm"); is_given(confirm)) {
    if (confirm->is_string_equal_to("ack")) {
      payload.confirm = Confirm::kAck;
    } else if (confirm->is_string_equal_to("heartbeat")) {
      payload.confirm = Confirm::kHeartbeat;
    } else {
      return fail(invalid_auth("confirm", "confirm is \"ack\" or \"heartbeat\""));
    }
  }
  return payload;
}

void append_connect_error(std::string& out, const chat::Refusal& refusal) {
  base::JsonWriter writer(out);
  writer.begin_object().member("code", chat::to_string(refusal.code));
  if (!refusal.reason.empty()) writer.member("reason", refusal.reason);
  if (refusal.retry_after_seconds > 0) writer.member("retryAfter", refusal.retry_after_seconds);
  writer.end_object();
}

}  // namespace gateway
