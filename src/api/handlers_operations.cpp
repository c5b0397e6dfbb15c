#include <openapi_document.hpp>

#include "api/api.hpp"
#include "api/call.hpp"
#include "api/handlers.hpp"

namespace api {

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
  engineio::HttpResponse response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (api.options().metrics) response.body = api.options().metrics();
  call->finish(std::move(response));
}

}  // namespace api
