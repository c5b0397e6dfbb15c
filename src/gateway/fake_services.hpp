#pragma once
// The services as a test sees them: what the gateway asks is kept, what is answered is the test's choice. Answers are
// posted, as the real services do. Single-threaded.

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.hpp"
#include "chat/ports/access_tokens.hpp"
#include "chat/services/history.hpp"
#include "chat/services/messaging.hpp"

namespace gateway::testing {

/// An id whose bytes are all `byte`.
template <class Id>
Id id_of(std::uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

/// One call that waits for its answer.
template <class Request, class Answer>
struct Asked {
  Request request;
  base::Executor* on;
  chat::Reply<Answer> reply;

  void answer(std::variant<Answer, chat::Refusal> with) {
    on->post([to = std::move(reply), with = std::move(with)]() mutable { to(std::move(with)); });
  }
};

using ReadTarget = std::variant<std::pair<chat::UserId, chat::ConversationSeq>, chat::MessageId>;

class FakeMessaging final : public chat::Messaging {
 public:
  void send(chat::SendRequest request, base::Executor& on, chat::Reply<chat::SendAnswer> reply) override {
    sends.push_back({std::move(request), &on, std::move(reply)});
  }
  void attach(chat::AttachRequest request, base::Executor& on, chat::Reply<chat::Attached> reply) override {
    attaches.push_back({std::move(request), &on, std::move(reply)});
  }
  void detach(const chat::UserId&, const chat::DeviceId& device, chat::ConnectionId connection,
              chat::MailboxSeq /*written*/) override {
    log.push_back("detach " + device.value + " " + text(connection));
  }
  void announce(const chat::UserId&, chat::ConnectionId connection) override {
    log.push_back("announce " + text(connection));
  }
  void sync(const chat::UserId&, const chat::DeviceId&, chat::ConnectionId, chat::ResumePoint point, base::Executor& on,
            chat::Reply<chat::SyncAnswer> reply) override {
    syncs.push_back({std::move(point), &on, std::move(reply)});
  }
  void confirm(chat::Confirmation confirmation) override {
    log.push_back("confirm " + text(confirmation.position) + " messages " + std::to_string(confirmation.messages));
    confirmations.push_back(std::move(confirmation));
  }
  void set_silent(const chat::UserId&, chat::ConnectionId, bool silent, chat::MailboxSeq /*written*/) override {
    log.emplace_back(silent ? "silent" : "heard again");
  }
  void report_poison(const chat::UserId&, const chat::DeviceId&, chat::MailboxSeq position) override {
    log.push_back("poison " + text(position));
  }
  void report_unreadable(const chat::MailboxEntry& entry) override {
    log.push_back("unreadable " + text(entry.position));
  }
  void check_head(const chat::UserId&, chat::ConnectionId, chat::MailboxSeq known) override {
    log.push_back("check_head " + text(known));
  }
  void mark_read(chat::ReadRequest request, base::Executor& on, chat::Reply<std::monostate> reply) override {
    reads.push_back({request.what, &on, std::move(reply)});
  }
  void typing(const chat::UserId&, const chat::UserId& recipient, bool typing) override {
    log.push_back("typing " + recipient.hex() + (typing ? " yes" : " no"));
  }

  std::deque<Asked<chat::AttachRequest, chat::Attached>> attaches;
  std::deque<Asked<chat::SendRequest, chat::SendAnswer>> sends;
  std::deque<Asked<ReadTarget, std::monostate>> reads;
  std::deque<Asked<chat::ResumePoint, chat::SyncAnswer>> syncs;
  std::vector<chat::Confirmation> confirmations;
  std::vector<std::string> log;  // what wants no answer

 private:
  template <class Number>
  static std::string text(Number number) {
    return std::to_string(number.value);
  }
};

/// One mailbox, answered by itself; or not at all while `broken`.
class FakeHistory final : public chat::History {
 public:
  void conversations(const chat::Caller&, base::Executor&, chat::Reply<std::vector<chat::ConversationView>>) override {
    unexpected();
  }
  void page(const chat::Caller&, chat::UserId, std::optional<chat::ConversationSeq>, std::size_t, base::Executor&,
            chat::Reply<chat::HistoryPage>) override {
    unexpected();
  }
  void message(const chat::Caller&, chat::MessageId, base::Executor&, chat::Reply<chat::MessageView>) override {
    unexpected();
  }
  void read_log(const chat::UserId&, chat::MailboxSeq after, chat::PageLimit limit, base::Executor& on,
                chat::Reply<chat::LogPage> reply) override {
    std::variant<chat::LogPage, chat::Refusal> answer = chat::Refusal{.code = chat::ErrorCode::kOverloaded};
    if (!broken) answer = read(after, limit);
    on.post([to = std::move(reply), answer = std::move(answer)]() mutable { to(std::move(answer)); });
  }

  std::vector<std::shared_ptr<const chat::LogItem>> mailbox;  // positions 1, 2, …
  bool broken = false;
  chat::MailboxSeq no_key;  // this entry's key is another node's

 private:
  [[noreturn]] static void unexpected() { base::check_failed("the gateway reads mailboxes only", __FILE__, __LINE__); }
  [[nodiscard]] chat::LogPage read(chat::MailboxSeq after, chat::PageLimit limit) const {
    chat::LogPage page{.items = {}, .through = after};
    for (const auto& item : mailbox) {
      if (item->entry.position == no_key) {
        page.no_key = true;
        break;
      }
      if (item->entry.position <= after || page.items.size() == limit.entries) continue;
      page.items.push_back(item);
      page.through = item->entry.position;
    }
    return page;
  }
};

/// `good` belongs to user 1 on device "phone"; `old` has expired; everything else is forged.
class FakeTokens final : public chat::AccessTokens {
 public:
  std::string sign(const chat::AccessClaims&) override { return "good"; }
  base::Result<chat::AccessClaims, chat::TokenError> verify(std::string_view token, chat::WallTime now) override {
    if (token == "old") return base::fail(chat::TokenError::kExpired);
    if (token != "good") return base::fail(chat::TokenError::kInvalid);
    return chat::AccessClaims{.user = id_of<chat::UserId>(1),
                              .login = id_of<chat::LoginId>(7),
                              .device = {"phone"},
                              .issued = now,
                              .expires = now + std::chrono::minutes(15)};
  }
};

}  // namespace gateway::testing
