#include <openapi_document.hpp>

#include "api/api.hpp"
#include "api/call.hpp"
#include "api/handlers.hpp"

namespace api {
namespace {

void finish_metrics(Call& call, std::string text) {
  engineio::HttpResponse response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = std::move(text);
  call.finish(std::move(response));
}

}  // namespace

void get_openapi(Api& /*api*/, CallPtr call) {
  call->answer(200, kOpenapiDocument);
}

void get_health(Api& /*api*/, CallPtr call) {
  call->answer(200, R"({"status":"ok"})");
}

void get_ready(Api& api, CallPtr call) {
  if (api.draining()) return call->answer(503, R"({"status":"draining"})");
  call->answer(200, R"({"status":"ready"})");
}

void get_metrics(Api& api, CallPtr call) {
  const auto& options = api.options();
  if (!options.metrics) return finish_metrics(*call, {});
  if (!options.aside) return finish_metrics(*call, options.metrics());
  const bool taken = options.aside([&options, call] {
    call->on.post([call, text = options.metrics()]() mutable { finish_metrics(*call, std::move(text)); });
  });
  if (taken) return;
  call->refuse({.code = chat::ErrorCode::kOverloaded,
                .message = "too many readers of the metrics at once",
                .retry_after_seconds = 1});
}

}  // namespace api
