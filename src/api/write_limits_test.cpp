// What a user may change over HTTP (api.cpp, Rate).

#include <gtest/gtest.h>

#include <set>

#include "api/api_fixture.hpp"
#include "api/router.hpp"

namespace {

using api::testing::ApiWorld;

api::Options limited_to(std::uint32_t events_per_second) {
  api::Options options;
  options.events_per_second = events_per_second;
  return options;
}

TEST(Api, RefusesAFloodOfChangesByOneUser) {
  ApiWorld world(limited_to(2));
  const auto alice = world.registered("alice");
  const auto bob = world.registered("bob1");
  const auto& token = alice.access_token;
  const auto patch = [&](const std::string& by) {
    return world.call("PATCH", "/api/v1/me", by, R"({"pushPreviews":true})");
  };
  const auto block = "/api/v1/blocks/" + bob.user.id.hex();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(patch(token).status, 200);
    EXPECT_EQ(world.call("PUT", block, token).status, 204);
    EXPECT_EQ(world.call("DELETE", block, token).status, 204);
  }
  const auto refused = patch(token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.error("code"), "rate_limited");
  EXPECT_EQ(refused.headers.at("Retry-After"), refused.error("retryAfter"));
  EXPECT_EQ(world.call("PUT", block, token).status, 429);
  EXPECT_EQ(world.api.refused_writes(), 2u);
  EXPECT_EQ(patch(bob.access_token).status, 200) << "each user has a share";
  EXPECT_EQ(world.call("GET", "/api/v1/me", token).status, 200);
  const auto read = "/api/v1/conversations/" + bob.user.id.hex() + "/read";
  for (int i = 0; i < 60; ++i) EXPECT_EQ(world.call("POST", read, token, R"({"upTo":1})").status, 204);
  EXPECT_EQ(world.call("POST", read, token, R"({"upTo":1})").status, 429);
  world.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(patch(token).status, 200);
  for (int i = 0; i < 60; ++i) patch(token);
  EXPECT_EQ(world.call("POST", "/api/v1/logout", token).status, 204) << "a session can always be ended";
}

TEST(Api, LetsADefaultUserMakeHundredsOfChangesAtOnce) {
  ApiWorld world(limited_to(chat::Limits{}.events_per_second));
  const auto token = world.token_of("alice");
  const auto patch = [&] { return world.call("PATCH", "/api/v1/me", token, R"({"pushPreviews":true})").status; };
  for (int i = 0; i < 600; ++i) ASSERT_EQ(patch(), 200) << i;
  EXPECT_EQ(patch(), 429);
}

TEST(Api, RefusesAFloodOfRefreshesOfOneSession) {
  ApiWorld world;
  const auto body = R"({"refreshToken":")" + world.registered("alice").refresh_token + R"("})";
  for (int i = 0; i < chat::kRefreshesPerMinute; ++i)
    EXPECT_EQ(world.call("POST", "/api/v1/refresh", "", body).status, 200);
  const auto refused = world.call("POST", "/api/v1/refresh", "", body);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.error("code"), "rate_limited");
  EXPECT_EQ(refused.headers.at("Retry-After"), refused.error("retryAfter"));
}

TEST(Router, LeavesNoChangeWithoutALimitButThoseThatEndThingsOrHaveTheirOwn) {
  std::set<std::string> unlimited;
  for (const auto& route : api::routes()) {
    if (route.access == api::Access::kOperator || route.rate != api::Rate::kFree || route.method == "GET") continue;
    unlimited.insert(std::string(route.method) + " " + std::string(route.pattern));
  }
  const std::set<std::string> expected{
      "POST /api/v1/logout",         "POST /api/v1/me/password",     "DELETE /api/v1/me",     "POST /api/v1/messages",
      "DELETE /api/v1/devices/{id}", "DELETE /api/v1/sessions/{id}", "POST /api/v1/register", "POST /api/v1/login",
      "POST /api/v1/refresh"};  // the last three: by address and by session
  EXPECT_EQ(unlimited, expected);
}

}  // namespace
