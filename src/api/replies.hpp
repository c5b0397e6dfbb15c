#pragma once
// Turns a service's reply into the call's answer.

#include <string>
#include <utility>
#include <variant>

#include "api/call.hpp"
#include "chat/services/messaging.hpp"

namespace api {

/// Refusals are answered as such; a value goes to `then(call, value)`, which answers.
template <class T, class Then>
chat::Reply<T> reply_with(std::shared_ptr<Call> call, Then then) {
  return [call = std::move(call), then = std::move(then)](std::variant<T, chat::Refusal> outcome) mutable {
    if (const auto* refusal = std::get_if<chat::Refusal>(&outcome)) return call->refuse(*refusal);
    then(*call, std::get<T>(outcome));
  };
}

inline chat::Reply<std::monostate> reply_empty(std::shared_ptr<Call> call, int status = 204) {
  return reply_with<std::monostate>(std::move(call),
                                    [status](Call& done, std::monostate&) { done.answer_empty(status); });
}

/// Appends `[a,b,…]`, each by `append(out, element)`.
template <class List, class Append>
void append_array(std::string& out, const List& list, Append&& append) {
  out += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first) out += ',';
    first = false;
    append(out, element);
  }
  out += ']';
}

/// The id at `index` of the path; nullopt: the call was refused.
template <class Id>
std::optional<Id> path_id(Call& call, std::string_view field, std::size_t index = 0) {
  auto id = Id::from_hex(call.parameters.at(index));
  if (!id) call.refuse(invalid(field, "an id has 24 hex digits"));
  return id;
}

}  // namespace api
