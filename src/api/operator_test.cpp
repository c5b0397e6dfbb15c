#include <gtest/gtest.h>

#include "api/api_fixture.hpp"

namespace {

using api::testing::ApiWorld;
using api::testing::kOperatorToken;

class Operator : public ::testing::Test {
 protected:
  ApiWorld world;
  const std::string pending = "/api/v1/operator/pending";
};

TEST_F(Operator, OnlyTheOperatorsTokenOpens) {
  const auto user = world.token_of("alice");
  auto nearly = kOperatorToken;
  nearly.back() = nearly.back() == 'x' ? 'y' : 'x';
  for (const auto& wrong : {std::string(), user, nearly, kOperatorToken + "x", kOperatorToken.substr(1)}) {
    EXPECT_EQ(world.call("GET", pending, wrong).status, 401) << wrong;
    EXPECT_EQ(world.call("GET", "/api/v1/operator/messages/000000000000000000000001", wrong).status, 401) << wrong;
  }
  EXPECT_EQ(world.call("GET", pending, kOperatorToken).status, 200);
  EXPECT_EQ(world.call("GET", "/api/v1/me", kOperatorToken).status, 401) << "it is nobody's account";
}

TEST_F(Operator, WithoutATokenThereIsNoOperator) {
  api::Options options;
  options.here = [this]() -> base::Executor& { return world.on; };
  api::Api closed({world.accounts, world.relations, world.history, world.messaging, world.clock, &world.inspection},
                  std::move(options));
  engineio::HttpRequest request;
  request.method = "GET";
  request.target = request.path = pending;
  request.headers["authorization"] = "Bearer ";
  int status = 0;
  closed.handle(std::move(request), [&](engineio::HttpResponse response) { status = response.status; });
  EXPECT_EQ(status, 401);
}

TEST_F(Operator, AsksForTwentyUsersUnlessToldOtherwise) {
  world.call("GET", pending, kOperatorToken);
  EXPECT_EQ(world.inspection.asked_top, 20u);
  world.call("GET", pending, kOperatorToken, "", {{"top", "1000"}});
  EXPECT_EQ(world.inspection.asked_top, 1000u);
  for (const char* wrong : {"0", "1001", "-1", "x", ""}) {
    EXPECT_EQ(world.call("GET", pending, kOperatorToken, "", {{"top", wrong}}).status, 400) << wrong;
  }
}

TEST_F(Operator, AMessageThatDoesNotExistIsNotFound) {
  EXPECT_EQ(world.call("GET", "/api/v1/operator/messages/000000000000000000000001", kOperatorToken).status, 404);
  EXPECT_EQ(world.call("GET", "/api/v1/operator/messages/x", kOperatorToken).status, 400);
}

}  // namespace
