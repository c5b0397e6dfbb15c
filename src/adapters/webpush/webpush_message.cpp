#include "adapters/webpush/webpush_message.hpp"

#include "base/json_writer.hpp"

namespace adapters::webpush {

std::string render_message(const chat::PushRequest& request) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object();
  if (request.visible) json.member("title", request.title).member("body", request.body);
  json.member("badge", request.badge).key("data").begin_object();
  for (const auto& [key, value] : request.data) json.member(key, value);
  json.end_object().end_object();
  return text;
}

}  // namespace adapters::webpush
