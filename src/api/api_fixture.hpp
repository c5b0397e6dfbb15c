#pragma once
// An Api over real accounts and relations (memory store, instant lane) and scripted messages. Test code only.

#include <map>

#include "api/api.hpp"
#include "base/json_reader.hpp"
#include "chat/services/accounts_fixture.hpp"

namespace api::testing {

class ScriptedHistory final : public chat::History {
 public:
  std::vector<chat::ConversationView> views;
  chat::Outcome<chat::HistoryPage> next_page = chat::HistoryPage{};
  std::optional<chat::MessageView> stored;
  std::optional<chat::ConversationSeq> asked_before;
  std::size_t asked_limit = 0;

  void conversations(const chat::Caller& /*caller*/, base::Executor& on,
                     chat::Reply<std::vector<chat::ConversationView>> reply) override {
    chat::answer<std::vector<chat::ConversationView>>(on, std::move(reply), views);
  }
  void page(const chat::Caller& /*caller*/, chat::UserId /*peer*/, std::optional<chat::ConversationSeq> before,
            std::size_t limit, base::Executor& on, chat::Reply<chat::HistoryPage> reply) override {
    asked_before = before;
    asked_limit = limit;
    auto answered = next_page;
    if (auto* page_read = std::get_if<chat::HistoryPage>(&next_page)) page_read->next.reset();
    chat::answer<chat::HistoryPage>(on, std::move(reply), std::move(answered));
  }
  void message(const chat::Caller& /*caller*/, chat::MessageId id, base::Executor& on,
               chat::Reply<chat::MessageView> reply) override {
    if (stored && stored->id == id) return chat::answer<chat::MessageView>(on, std::move(reply), *stored);
    chat::Refusal refusal{chat::ErrorCode::kNotFound, "no such message", 0, {}, {}};
    chat::answer<chat::MessageView>(on, std::move(reply), std::move(refusal));
  }
  void read_log(const chat::UserId& /*owner*/, chat::MailboxSeq /*after*/, chat::PageLimit /*limit*/,
                base::Executor& on, chat::Reply<chat::LogPage> reply) override {
    chat::answer<chat::LogPage>(on, std::move(reply), chat::LogPage{});
  }
};

class ScriptedMessaging final : public chat::Messaging {
 public:
  chat::Outcome<chat::SendAnswer> next = chat::SendAnswer{};
  std::optional<chat::SendRequest> sent;
  std::optional<std::pair<chat::UserId, chat::ConversationSeq>> read;

  void send(chat::SendRequest request, base::Executor& on, chat::Reply<chat::SendAnswer> reply) override {
    sent = std::move(request);
    chat::answer<chat::SendAnswer>(on, std::move(reply), next);
  }
  void mark_read(chat::ReadRequest request, base::Executor& on, chat::Reply<std::monostate> reply) override {
    read = std::get<0>(request.what);
    chat::answer<std::monostate>(on, std::move(reply), std::monostate{});
  }
  // What HTTP never calls.
  void attach(chat::AttachRequest, base::Executor&, chat::Reply<chat::Attached>) override { CHECK(false); }
  void detach(const chat::UserId&, const chat::DeviceId&, chat::ConnectionId, chat::MailboxSeq) override {
    CHECK(false);
  }
  void announce(const chat::UserId&, chat::ConnectionId) override { CHECK(false); }
  void sync(const chat::UserId&, const chat::DeviceId&, chat::ConnectionId, chat::ResumePoint, base::Executor&,
            chat::Reply<chat::SyncAnswer>) override {
    CHECK(false);
  }
  void confirm(chat::Confirmation) override { CHECK(false); }
  void set_silent(const chat::UserId&, chat::ConnectionId, bool, chat::MailboxSeq) override { CHECK(false); }
  void report_poison(const chat::UserId&, const chat::DeviceId&, chat::MailboxSeq) override { CHECK(false); }
  void report_unreadable(const chat::MailboxEntry&) override { CHECK(false); }
  void check_head(const chat::UserId&, chat::ConnectionId, chat::MailboxSeq) override { CHECK(false); }
  void typing(const chat::UserId&, const chat::UserId&, bool) override { CHECK(false); }
};

class ScriptedInspection final : public chat::Inspection {
 public:
  std::optional<chat::MessageStory> story;
  std::vector<chat::PendingUser> users;
  std::size_t asked_top = 0;

  void explain(const chat::MessageId& id, base::Executor& on, chat::Reply<chat::MessageStory> reply) override {
    if (story && story->id == id) return chat::answer<chat::MessageStory>(on, std::move(reply), *story);
    chat::Refusal refusal{chat::ErrorCode::kNotFound, "no such message", 0, {}, {}};
    chat::answer<chat::MessageStory>(on, std::move(reply), std::move(refusal));
  }
  void pending(std::size_t top, base::Executor& on, chat::Reply<std::vector<chat::PendingUser>> reply) override {
    asked_top = top;
    chat::answer<std::vector<chat::PendingUser>>(on, std::move(reply), users);
  }
};

inline const std::string kOperatorToken = "an operator's token of the tests";

/// A story with everything in it that can be in one.
inline chat::MessageStory full_story() {
  const chat::WallTime at(std::chrono::milliseconds(1'700'000'000'000));
  chat::MessageStory story;
  story.id.bytes[0] = 7;
  story.seq = chat::ConversationSeq(1);
  story.stored = at;
  story.failure = chat::FailureReason::kExpired;
  story.status = chat::MessageStatus::kFailed;
  story.position = chat::MailboxSeq(3);
  story.delivered_at = story.read_at = story.blocked_since = at;
  chat::DeviceStory device;
  device.device.value = "phone";
  device.stage = chat::DeviceStage::kWritten;
  device.written_at = device.push_due = device.pushed_at = at;
  device.push = chat::PushStage::kAttempted;
  device.push_kind = "fcm";
  device.attempts = 2;
  device.outcome = chat::PushOutcome::kThrottled;
  device.detail = "QUOTA_EXCEEDED";
  story.devices = {device, {}};
  story.verdict = "waits";
  return story;
}

struct Answer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
  std::shared_ptr<void> held;

  [[nodiscard]] base::JsonValue json() const {
    auto parsed = base::parse_json(body, {.depth = 64, .members = 0});
    CHECK(parsed.ok());
    return *parsed;
  }
  /// The string at `error.<name>`.
  [[nodiscard]] std::string error(std::string_view name) const {
    const auto error_object = json().member("error");
    const auto member = error_object ? error_object->member(name) : std::nullopt;
    return member ? member->as_string().value_or(std::string(member->raw())) : "";
  }
};

struct ApiWorld : chat::testing::AccountWorld {
  explicit ApiWorld(Options options = {})
      : api({accounts, relations, history, messaging, clock, &inspection}, with_executor(std::move(options))) {}

  ScriptedHistory history;
  ScriptedMessaging messaging;
  ScriptedInspection inspection;
  Api api;

  Options with_executor(Options options) {
    options.operator_token = kOperatorToken;
    options.here = [this]() -> base::Executor& { return on; };
    return options;
  }

  Answer send(engineio::HttpRequest request) {
    std::optional<Answer> answer;
    request.address = "192.0.2.7";
    request.path = request.target.substr(0, request.target.find('?'));
    api.handle(std::move(request), [&answer](engineio::HttpResponse response) {
      CHECK(!answer);
      answer.emplace();
      answer->status = response.status;
      answer->body = std::move(response.body);
      answer->held = std::move(response.held);
      for (auto& [name, value] : response.headers) answer->headers[name] = value;
    });
    on.run();
    CHECK(answer.has_value());
    return std::move(*answer);
  }
  Answer call(const std::string& method, const std::string& target, const std::string& token = "",
              const std::string& body = "", std::map<std::string, std::string> query = {}) {
    engineio::HttpRequest request;
    request.method = method;
    request.target = target;
    request.query = std::move(query);
    request.body = body;
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    if (!body.empty()) request.headers["content-type"] = "application/json";
    return send(std::move(request));
  }
  std::string token_of(const std::string& name) { return registered(name).access_token; }
};

}  // namespace api::testing
