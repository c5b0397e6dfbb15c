// What only the operator may ask (docs/operations.md). No answer has content, a name or an address in it.

#include "api/api.hpp"
#include "api/handlers.hpp"
#include "api/replies.hpp"
#include "base/read_number.hpp"
#include "wire/story.hpp"

namespace api {
namespace {

constexpr std::size_t kDefaultTop = 20;

std::optional<std::size_t> asked_top(const Call& call) {
  const auto found = call.request.query.find("top");
  if (found == call.request.query.end()) return kDefaultTop;
  const auto& text = found->second;
  std::size_t top = 0;
  if (!base::read_number(text, top) || top < 1 || top > chat::Inspection::kMostUsers) return std::nullopt;
  return top;
}

}  // namespace

void get_operator_message(Api& api, CallPtr call) {
  const auto id = path_id<chat::MessageId>(*call, "id");
  if (!id) return;
  auto reply = reply_with<chat::MessageStory>(call, [](Call& done, chat::MessageStory& story) {
    std::string out;
    wire::append_story(out, story);
    done.answer(200, std::move(out));
  });
  api.services().inspection->explain(*id, call->on, std::move(reply));
}

void get_operator_pending(Api& api, CallPtr call) {
  const auto top = asked_top(*call);
  if (!top) return call->refuse(invalid("top", "top is 1 to 1000"));
  using Users = std::vector<chat::PendingUser>;
  auto reply = reply_with<Users>(call, [](Call& done, Users& users) {
    std::string out = R"({"users":)";
    append_array(out, users, wire::append_pending_user);
    out += '}';
    done.answer(200, std::move(out));
  });
  api.services().inspection->pending(*top, call->on, std::move(reply));
}

}  // namespace api
