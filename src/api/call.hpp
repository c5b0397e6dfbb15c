#pragma once
// Call: one request on its way to one answer. Shared by the callbacks that it waits for.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.hpp"
#include "chat/services/accounts.hpp"
#include "socketio/engineio/http.hpp"

namespace api {

/// Status of an error code (interface.md §2).
int status_of(chat::ErrorCode code);

using chat::invalid;

struct Call {
  Call(engineio::HttpRequest from, engineio::HttpResponder to, base::Executor& executor)
      : request(std::move(from)), respond(std::move(to)), on(executor) {}

  /// Exactly one of these, once. They add the headers that every answer carries.
  /// `held`: until the answer has left (engineio::HttpResponse).
  void answer(int status, std::string json, std::shared_ptr<void> held = nullptr);
  void answer_empty(int status);
  /// `status`: another than that of its code; 0: that.
  void refuse(const chat::Refusal& refusal, int status = 0);
  /// 405 with Allow, or a preflight's 204.
  void answer_methods(int status, const std::string& allow);
  void finish(engineio::HttpResponse response);

  /// The body as a JSON object; false: the call was refused. `body` is a view into the request.
  [[nodiscard]] bool parse_body();

  engineio::HttpRequest request;
  engineio::HttpResponder respond;
  base::Executor& on;
  std::vector<std::string> parameters;  // of the path, in their order
  chat::Caller caller;
  base::JsonValue body;
  std::string cors_origin;  // what the answer allows; empty: nothing
  bool cors_vary = false;
};

/// Reads members of a body and remembers the first that is wrong.
class Fields {
 public:
  explicit Fields(const base::JsonValue& object) : object_(object) {}

  std::string text(std::string_view name);                               // required
  std::optional<std::string> optional_text(std::string_view name);       // absent or null: nullopt
  std::uint64_t number(std::string_view name);                           // required, not negative; clamped
  std::optional<chat::DeviceId> optional_device(std::string_view name);  // absent or null: nullopt
  std::optional<bool> optional_flag(std::string_view name);              // absent or null: nullopt
  std::optional<base::JsonValue> optional_object(std::string_view name);
  void fail(chat::Refusal refusal) {
    if (!refusal_) refusal_ = std::move(refusal);
  }
  /// True when something was wrong; the call is answered then.
  [[nodiscard]] bool refused(Call& call) const {
    if (refusal_) call.refuse(*refusal_);
    return refusal_.has_value();
  }

 private:
  [[nodiscard]] std::optional<base::JsonValue> member(std::string_view name) const;
  const base::JsonValue& object_;
  std::optional<chat::Refusal> refusal_;
};

}  // namespace api
