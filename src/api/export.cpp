// GET /me/export: everything stored about the user as one JSON document. A walk through the same service calls that the
// user could make one by one, so it can show nothing that they would not:
//
//   me -> devices -> sessions -> friends -> requests -> blocks -> conversations -> pages of each conversation
//
// The document is built in memory and bounded; only a few exports run at once (Api::begin_export).

#include "api/api.hpp"
#include "api/api_shapes.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"
#include "wire/shapes.hpp"

namespace api {
namespace {

constexpr std::size_t kMaxDocument = 256 * 1024 * 1024;  // two of them fit beside everything else on a small machine
constexpr std::size_t kPage = 200;

class Export : public std::enable_shared_from_this<Export> {
 public:
  Export(Api& api, CallPtr call, std::shared_ptr<void> permit)
      : api_(api), call_(std::move(call)), permit_(std::move(permit)) {}
  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

  void start() {
    accounts().me(caller(), on(), then<chat::User>([](Export& self, chat::User& user) {
                    self.out_ = R"({"user":)";
                    append_self(self.out_, user);
                    self.devices();
                  }));
  }

 private:
  chat::Accounts& accounts() { return api_.services().accounts; }
  chat::Relations& relations() { return api_.services().relations; }
  chat::History& history() { return api_.services().history; }
  [[nodiscard]] const chat::Caller& caller() const { return call_->caller; }
  base::Executor& on() { return call_->on; }

  template <class T, class Step>
  chat::Reply<T> then(Step step) {
    return [self = shared_from_this(), step = std::move(step)](std::variant<T, chat::Refusal> outcome) mutable {
      if (const auto* refusal = std::get_if<chat::Refusal>(&outcome)) return self->call_->refuse(*refusal);
      step(*self, std::get<T>(outcome));
    };
  }

  void devices() {
    accounts().devices(caller(), on(), then<std::vector<chat::DeviceView>>([](Export& self, auto& views) {
                         self.out_ += R"(,"devices":)";
                         append_array(self.out_, views, append_device_with_push);
                         self.sessions();
                       }));
  }
  void sessions() {
    accounts().logins(caller(), on(), then<std::vector<chat::Login>>([](Export& self, auto& logins) {
                        self.out_ += R"(,"sessions":)";
                        append_array(self.out_, logins, append_session);
                        self.friends();
                      }));
  }
  void friends() {
    relations().friends(caller(), on(), then<std::vector<chat::FriendView>>([](Export& self, auto& friends) {
                          self.out_ += R"(,"friends":)";
                          append_array(self.out_, friends, append_friend);
                          self.requests();
                        }));
  }
  void requests() {
    relations().requests(caller(), on(), then<chat::Requests>([](Export& self, chat::Requests& requests) {
                           self.out_ += R"(,"requests":)";
                           append_requests(self.out_, requests);
                           self.blocks();
                         }));
  }
  void blocks() {
    relations().blocked(caller(), on(), then<std::vector<chat::User>>([](Export& self, auto& users) {
                          self.out_ += R"(,"blocked":)";
                          append_array(self.out_, users,
                                       [](std::string& out, const chat::User& user) { wire::append_user(out, user); });
                          self.conversations();
                        }));
  }
  void conversations() {
    history().conversations(caller(), on(), then<std::vector<chat::ConversationView>>([](Export& self, auto& views) {
                              self.conversations_ = std::move(views);
                              self.out_ += R"(,"conversations":[)";
                              self.next_conversation();
                            }));
  }
  void next_conversation() {
    if (index_ == conversations_.size()) {
      out_ += "]}";
      return call_->answer(200, std::move(out_), std::move(permit_));
    }
    if (index_ != 0) out_ += ',';
    out_ += R"({"peer":)";
    wire::append_user(out_, conversations_[index_].peer);
    out_ += R"(,"messages":[)";
    first_message_ = true;
    page(std::nullopt);
  }
  void page(std::optional<chat::ConversationSeq> before) {
    auto reply = then<chat::HistoryPage>([](Export& self, chat::HistoryPage& page) { self.append(page); });
    history().page(caller(), conversations_[index_].peer.id, before, kPage, on(),
                   [reply = std::move(reply)](std::variant<chat::HistoryPage, chat::Refusal> outcome) mutable {
                     // What was listed may be gone by now (its messages expired, its peer erased): then it is empty.
                     const auto* refusal = std::get_if<chat::Refusal>(&outcome);
                     if (refusal != nullptr && refusal->code == chat::ErrorCode::kNotFound) {
                       outcome = chat::HistoryPage{};
                     }
                     reply(std::move(outcome));
                   });
  }
  void append(const chat::HistoryPage& page_read) {
    for (const auto& message : page_read.messages) {
      if (!first_message_) out_ += ',';
      first_message_ = false;
      wire::append_message(out_, message, caller().user);
    }
    if (out_.size() > kMaxDocument) {
      return call_->refuse({chat::ErrorCode::kTooLarge, "the export is larger than 256 MiB", 0, {}, {}});
    }
    if (page_read.next) return page(page_read.next);
    out_ += "]}";
    ++index_;
    next_conversation();
  }

  Api& api_;
  CallPtr call_;
  std::shared_ptr<void> permit_;  // goes with the answer: the document is in memory until it has been sent
  std::string out_;
  std::vector<chat::ConversationView> conversations_;
  std::size_t index_ = 0;
  bool first_message_ = true;
};

}  // namespace

void export_me(Api& api, CallPtr call) {
  constexpr std::uint32_t kComeBack = 10;  // seconds; an export takes a few
  auto permit = api.begin_export();
  if (permit == nullptr) {
    return call->refuse({chat::ErrorCode::kOverloaded, "other exports are running", kComeBack, {}, {}});
  }
  std::make_shared<Export>(api, std::move(call), std::move(permit))->start();
}

}  // namespace api
