#include <gtest/gtest.h>

#include "api/api_fixture.hpp"

namespace api::testing {
namespace {

Options options(std::function<bool(base::Task)> aside) {
  Options chosen;
  chosen.metrics = [] { return std::string("up 1\n"); };
  chosen.aside = std::move(aside);
  return chosen;
}

TEST(MetricsOverHttp, ThePageIsRenderedAsideAndAnsweredWhereTheRequestCame) {
  std::vector<base::Task> aside;
  ApiWorld world(options([&aside](base::Task task) {
    aside.push_back(std::move(task));
    return true;
  }));
  std::optional<engineio::HttpResponse> answer;
  engineio::HttpRequest request;
  request.method = "GET";
  request.target = request.path = "/metrics";
  world.api.handle(std::move(request), [&](engineio::HttpResponse response) { answer = std::move(response); });
  world.on.run();
  ASSERT_EQ(aside.size(), 1u);
  aside.front()();
  EXPECT_FALSE(answer) << "the answer goes home first";
  world.on.run();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "up 1\n");
}

TEST(MetricsOverHttp, TooManyReadersAreToldToComeAgain) {
  ApiWorld world(options([](base::Task) { return false; }));
  const auto answer = world.call("GET", "/metrics");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error("code"), "overloaded");
}

TEST(MetricsOverHttp, WithoutAPlaceAsideThePageIsRenderedAtOnce) {
  ApiWorld world(options({}));
  const auto answer = world.call("GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "up 1\n");
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace api::testing
