// Arbitrary auth payloads of CONNECT. What is accepted is within its limits and says the same when it is written as
// JSON and read again; what is refused becomes a CONNECT_ERROR whose data is a JSON object with the closed set of
// codes.

#include <cstdint>

#include "base/check.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "gateway/connect_payload.hpp"

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string write(const gateway::ConnectPayload& payload) {
  std::string json = R"({"token":)" + quoted(payload.token);
  if (payload.device) json += R"(,"device":)" + quoted(payload.device->value);
  if (payload.resume) {
    json += R"(,"epoch":)" + quoted(payload.resume->epoch);
    json += R"(,"position":)" + std::to_string(payload.resume->position.value);
  }
  if (payload.batch) json += R"(,"batch":true)";
  if (payload.confirm) {
    json += *payload.confirm == gateway::Confirm::kAck ? R"(,"confirm":"ack")" : R"(,"confirm":"heartbeat")";
  }
  return json + "}";
}

void check_accepted(const gateway::ConnectPayload& payload) {
  if (payload.device) {
    CHECK(!payload.device->value.empty() && payload.device->value.size() <= 64);
    CHECK(chat::DeviceId::parse(payload.device->value) == payload.device);
  }
  if (payload.resume) CHECK(payload.resume->epoch.size() <= gateway::kMaxEpochLength);
  const auto again = gateway::parse_connect_payload(write(payload));
  CHECK(again.ok());
  CHECK(again->token == payload.token && again->device == payload.device && again->batch == payload.batch);
  CHECK(again->confirm == payload.confirm && again->resume.has_value() == payload.resume.has_value());
  if (!payload.resume) return;
  CHECK(again->resume->epoch == payload.resume->epoch && again->resume->position == payload.resume->position);
}

void check_refused(const chat::Refusal& refusal) {
  CHECK(refusal.code == chat::ErrorCode::kInvalid || refusal.code == chat::ErrorCode::kUnauthorized);
  CHECK(refusal.reason == "invalid");
  std::string data;
  gateway::append_connect_error(data, refusal);
  const auto parsed = base::parse_json(data, base::JsonLimits::strict());
  CHECK(parsed.ok() && parsed->is_object());
  CHECK(parsed->member("code")->is_string_equal_to(chat::to_string(refusal.code)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto payload = gateway::parse_connect_payload({reinterpret_cast<const char*>(bytes), size});
  if (payload) {
    check_accepted(*payload);
  } else {
    check_refused(payload.error());
  }
  return 0;
}
