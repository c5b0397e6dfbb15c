#include "api/call.hpp"

#include <algorithm>
#include <cctype>

#include "base/clamped_number.hpp"
#include "base/trimmed.hpp"
#include "wire/shapes.hpp"

namespace api {
namespace {

// A message of 8 KiB in which every byte is written as \u00XX takes 48 KiB; nothing else comes near.
constexpr std::size_t kMaxBody = 64 * 1024;

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

/// application/json, with no charset or that of JSON (RFC 8259 §8.1).
bool is_json(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  if (lower(base::trimmed(content_type.substr(0, semicolon))) != "application/json") return false;
  if (semicolon == std::string_view::npos) return true;
  const auto parameters = lower(content_type.substr(semicolon + 1));
  const auto charset = parameters.find("charset=");
  return charset == std::string::npos || parameters.find("utf-8", charset) != std::string::npos;
}

}  // namespace

int status_of(chat::ErrorCode code) {
  switch (code) {
    case chat::ErrorCode::kInvalid:
      return 400;
    case chat::ErrorCode::kUnauthorized:
      return 401;
    case chat::ErrorCode::kNotAllowed:
      return 403;
    case chat::ErrorCode::kNotFound:
      return 404;
    case chat::ErrorCode::kConflict:
      return 409;
    case chat::ErrorCode::kTooLarge:
      return 413;
    case chat::ErrorCode::kRateLimited:
      return 429;
    case chat::ErrorCode::kOverloaded:
    case chat::ErrorCode::kRetry:
      return 503;
    case chat::ErrorCode::kStorageFull:
      return 507;
    case chat::ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

void Call::finish(engineio::HttpResponse response) {
  auto& headers = response.headers;
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  if (request.secure) headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  if (!cors_origin.empty()) {
    headers.emplace_back("Access-Control-Allow-Origin", cors_origin);
    headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  }
  if (cors_vary) headers.emplace_back("Vary", "Origin");
  respond(std::move(response));
}

void Call::answer(int status, std::string json, std::shared_ptr<void> held) {
  engineio::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
  response.body = std::move(json);
  response.held = std::move(held);
  finish(std::move(response));
}

void Call::answer_empty(int status) {
  engineio::HttpResponse response;
  response.status = status;
  response.headers = {{"Cache-Control", "no-store"}};
  finish(std::move(response));
}

void Call::refuse(const chat::Refusal& refusal, int status) {
  engineio::HttpResponse response;
  response.status = status != 0 ? status : status_of(refusal.code);
  response.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
  auto told = refusal;
  // 503 always says when: a client that guesses comes too early.
  if (response.status == 503 && told.retry_after_seconds == 0) told.retry_after_seconds = 1;
  if (told.retry_after_seconds != 0) {
    response.headers.emplace_back("Retry-After", std::to_string(told.retry_after_seconds));
  }
  if (told.code == chat::ErrorCode::kUnauthorized) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  response.body = R"({"error":)";
  wire::append_refusal(response.body, told);
  response.body += '}';
  finish(std::move(response));
}

void Call::answer_methods(int status, const std::string& allow) {
  engineio::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Allow", allow);
  if (status == 204) {
    if (!cors_origin.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Methods", allow);
      response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
      response.headers.emplace_back("Access-Control-Max-Age", "600");
    }
  } else {
    response.headers.emplace_back("Content-Type", "application/json");
    response.body = R"({"error":{"code":"invalid","message":"this path does not know the method"}})";
  }
  finish(std::move(response));
}

bool Call::parse_body() {
  if (request.body.size() > kMaxBody) {
    refuse({chat::ErrorCode::kTooLarge, "the body is larger than 64 KiB", 0, {}, {}});
    return false;
  }
  const auto type = request.headers.find("content-type");
  if (type != request.headers.end() && !is_json(type->second)) {
    refuse(invalid("", "Content-Type must be application/json"));
    return false;
  }
  const auto parsed = base::parse_json(request.body, base::JsonLimits::strict());
  if (!parsed || !parsed->is_object()) {
    refuse(invalid("", parsed ? "the body must be a JSON object"
                              : "the body is no acceptable JSON: " + std::string(base::to_string(parsed.error()))));
    return false;
  }
  body = *parsed;
  return true;
}

std::optional<base::JsonValue> Fields::member(std::string_view name) const {
  auto found = object_.member(name);
  return base::is_given(found) ? std::move(found) : std::nullopt;
}

std::string Fields::text(std::string_view name) {
  auto found = optional_text(name);
  if (!found && !refusal_) fail(invalid(name, std::string(name) + " is missing"));
  return found ? std::move(*found) : std::string();
}

std::optional<std::string> Fields::optional_text(std::string_view name) {
  const auto found = member(name);
  if (!found) return std::nullopt;
  auto text = found->as_string();
  if (!text) fail(invalid(name, std::string(name) + " must be a string"));
  return text;
}

std::uint64_t Fields::number(std::string_view name) {
  const auto found = member(name);
  const auto number = found ? base::clamped_uint64(*found) : std::nullopt;
  if (!number) fail(invalid(name, std::string(name) + " must be a whole number, not negative"));
  return number.value_or(0);
}

std::optional<chat::DeviceId> Fields::optional_device(std::string_view name) {
  const auto text = optional_text(name);
  if (!text) return std::nullopt;
  auto device = chat::DeviceId::parse(*text);
  if (!device) fail(invalid(name, "1 to 64 of A-Z a-z 0-9 . _ -, not . or .."));
  return device;
}

std::optional<bool> Fields::optional_flag(std::string_view name) {
  const auto found = member(name);
  if (!found) return std::nullopt;
  const auto flag = found->as_bool();
  if (!flag) fail(invalid(name, std::string(name) + " must be true or false"));
  return flag;
}

std::optional<base::JsonValue> Fields::optional_object(std::string_view name) {
  const auto found = member(name);
  if (found && !found->is_object()) fail(invalid(name, std::string(name) + " must be an object"));
  return found;
}

}  // namespace api
