// The document and the server must say the same: every path and method both ways, and real answers against schemas.

#include <gtest/gtest.h>

#include <set>

#include "api/api_fixture.hpp"
#include "api/router.hpp"

namespace {

using api::testing::Answer;
using api::testing::ApiWorld;
using base::JsonKind;
using base::JsonValue;

class Openapi : public ::testing::Test {
 protected:
  ApiWorld world;
  Answer document = world.call("GET", "/api/v1/openapi.json");
  JsonValue root = document.json();

  JsonValue schema(std::string_view reference) {
    const auto name = reference.substr(reference.rfind('/') + 1);
    return *root.member("components")->member("schemas")->member(name);
  }
  JsonValue response_schema(const std::string& path, std::string_view method, int status) {
    const auto responses = root.member("paths")->member(path)->member(method)->member("responses");
    auto response = responses->member(std::to_string(status));
    CHECK(response.has_value());  // an answer that the document does not know
    if (const auto reference = response->member("$ref")) {
      const auto text = *reference->as_string();
      response = root.member("components")->member("responses")->member(text.substr(text.rfind('/') + 1));
    }
    return *response->member("content")->member("application/json")->member("schema");
  }

  /// Empty when `value` fits; else what is wrong. Members that the schema does not name are wrong, too.
  std::string mismatch(const JsonValue& rule, const JsonValue& value, const std::string& at) {
    if (const auto reference = rule.member("$ref")) return mismatch(schema(*reference->as_string()), value, at);
    if (const auto any = rule.member("anyOf")) {
      std::string all;
      bool fits = false;
      any->for_each_element([&](const JsonValue& each) { fits = fits || mismatch(each, value, at).empty(); });
      return fits ? "" : at + ": none of anyOf";
    }
    if (const auto constant = rule.member("const"))
      return constant->raw() == value.raw() ? "" : at + ": not the constant";
    if (const auto values = rule.member("enum")) {
      bool found = false;
      values->for_each_element([&](const JsonValue& each) { found = found || each.raw() == value.raw(); });
      return found ? "" : at + ": not in the enumeration";
    }
    return mismatch_of_type(rule, *rule.member("type")->as_string(), value, at);
  }
  std::string mismatch_of_type(const JsonValue& rule, const std::string& type, const JsonValue& value,
                               const std::string& at) {
    if (type == "object") return value.is_object() ? mismatch_of_object(rule, value, at) : at + ": no object";
    if (type == "array") {
      std::string wrong = value.is_array() ? "" : at + ": no array";
      value.for_each_element([&](const JsonValue& each) {
        if (wrong.empty()) wrong = mismatch(*rule.member("items"), each, at + "[]");
      });
      return wrong;
    }
    if (type == "integer") return value.as_int64() ? "" : at + ": no integer";
    const auto expected = type == "string" ? JsonKind::kString : type == "boolean" ? JsonKind::kBool : JsonKind::kNull;
    return value.kind() == expected ? "" : at + ": no " + type;
  }
  std::string mismatch_of_object(const JsonValue& rule, const JsonValue& value, const std::string& at) {
    std::string wrong;
    if (const auto required = rule.member("required")) {
      required->for_each_element([&](const JsonValue& name) {
        if (!value.member(*name.as_string())) wrong = at + ": " + *name.as_string() + " is missing";
      });
    }
    const auto properties = rule.member("properties");
    value.for_each_member([&](const JsonValue& key, const JsonValue& member) {
      const auto name = *key.as_string();
      const auto known = properties ? properties->member(name) : std::nullopt;
      if (!wrong.empty()) return;
      wrong = known ? mismatch(*known, member, at + "." + name) : at + ": " + name + " is not documented";
    });
    return wrong;
  }

  void expect_fits(const std::string& method, const std::string& pattern, const std::string& path, int status,
                   const std::string& token, const std::string& body = "",
                   const std::map<std::string, std::string>& query = {}) {
    const auto answer = world.call(method, path, token, body, query);
    ASSERT_EQ(answer.status, status) << method << path << answer.body;
    std::string lower = method;
    for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
    EXPECT_EQ(mismatch(response_schema(pattern, lower, status), answer.json(), pattern), "");
  }
};

TEST_F(Openapi, KnowsExactlyTheRoutesOfTheServer) {
  std::set<std::string> documented;
  root.member("paths")->for_each_member([&](const JsonValue& path, const JsonValue& methods) {
    methods.for_each_member([&](const JsonValue& method, const JsonValue& operation) {
      auto name = *method.as_string();
      for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
      const auto security = operation.member("security");
      std::string who = security ? " open" : "";
      if (security)
        security->for_each_element(
            [&](const JsonValue& scheme) { who = scheme.member("operator") ? " operator" : "?"; });
      documented.insert(name + " " + *path.as_string() + who + (operation.member("requestBody") ? " body" : ""));
    });
  });
  std::set<std::string> served;
  for (const auto& route : api::routes()) {
    served.insert(std::string(route.method) + " " + std::string(route.pattern) +
                  (route.access == api::Access::kOpen ? " open" : "") +
                  (route.access == api::Access::kOperator ? " operator" : "") +
                  (route.body == api::BodyRule::kObject ? " body" : ""));
  }
  EXPECT_EQ(documented, served);
}

TEST_F(Openapi, NamesEveryErrorOfEveryBearerRoute) {
  for (const auto& route : api::routes()) {
    if (route.access == api::Access::kOpen) continue;
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const auto responses = root.member("paths")->member(route.pattern)->member(method)->member("responses");
    for (const char* status : {"401", "500", "503"}) EXPECT_TRUE(responses->member(status)) << route.pattern << status;
    if (route.rate != api::Rate::kFree) {
      EXPECT_TRUE(responses->member("429")) << route.pattern;
    }
    if (!std::string(route.pattern).ends_with('}') && route.body == api::BodyRule::kIgnored) continue;
    EXPECT_TRUE(responses->member("400")) << route.pattern;
  }
}

TEST_F(Openapi, SaysOfEveryOperationThatWritesThatTheDiskMayBeFull) {
  for (const auto& route : api::routes()) {
    if (route.method == "GET") continue;
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const auto responses = root.member("paths")->member(route.pattern)->member(method)->member("responses");
    EXPECT_TRUE(responses->member("507")) << route.method << route.pattern;
  }
  EXPECT_TRUE(root.member("paths")->member("/metrics")->member("get")->member("responses")->member("503"));
}

TEST_F(Openapi, DescribesRealAnswers) {
  const auto alice = world.registered("alice", "phone");
  const auto bob = world.registered("bob1");
  const auto carol = world.registered("carol");
  const auto& token = alice.access_token;
  const auto ask = [&](const chat::Grant& from, const chat::Grant& to) {
    world.call("POST", "/api/v1/friends/requests", from.access_token, R"({"userId":")" + to.user.id.hex() + R"("})");
  };
  chat::MessageView message;
  message.sender = alice.user.id;
  message.client_id = "c1";
  message.seq = chat::ConversationSeq(1);
  message.status = chat::MessageStatus::kRead;
  message.read_at = message.delivered_at = world.clock.wall_now();
  world.history.views = {{bob.user, message, 3}, {carol.user, std::nullopt, 0}};
  world.history.stored = message;
  chat::HistoryPage page;
  page.messages = {message, message};
  page.next = chat::ConversationSeq(1);
  ask(carol, alice);
  ask(alice, bob);

  const std::string v = "/api/v1";
  expect_fits("GET", v + "/friends/requests", v + "/friends/requests", 200, token);
  ask(bob, alice);
  expect_fits("POST", v + "/register", v + "/register", 201, "",
              R"({"username":"dave","email":"d@b.c","password":"12345678"})");
  expect_fits("POST", v + "/login", v + "/login", 200, "", R"({"username":"dave","password":"12345678"})");
  expect_fits("POST", v + "/login", v + "/login", 401, "", R"({"username":"dave","password":"87654321"})");
  expect_fits("POST", v + "/refresh", v + "/refresh", 200, "", R"({"refreshToken":")" + bob.refresh_token + R"("})");
  expect_fits("GET", v + "/me", v + "/me", 200, token);
  expect_fits("PATCH", v + "/me", v + "/me", 200, token, R"({"email":"new@b.c"})");
  expect_fits("PATCH", v + "/me", v + "/me", 409, token, R"({"username":"bob1"})");
  expect_fits("GET", v + "/users", v + "/users", 200, token, "", {{"username", "bob1"}});
  expect_fits("GET", v + "/users", v + "/users", 404, token, "", {{"username", "nobody"}});
  expect_fits("GET", v + "/friends", v + "/friends", 200, token);
  world.call("PUT", v + "/blocks/" + carol.user.id.hex(), token);
  expect_fits("GET", v + "/blocks", v + "/blocks", 200, token);
  expect_fits("GET", v + "/conversations", v + "/conversations", 200, token);
  world.history.next_page = page;
  expect_fits("GET", v + "/conversations/{userId}/messages", v + "/conversations/" + bob.user.id.hex() + "/messages",
              200, token);
  expect_fits("GET", v + "/messages/{id}", v + "/messages/" + message.id.hex(), 200, token);
  world.messaging.next = chat::SendAnswer{message, false, false};
  expect_fits("POST", v + "/messages", v + "/messages", 201, token,
              R"({"recipient":"0000000000000000000000b2","content":"a"})");
  expect_fits("GET", v + "/devices", v + "/devices", 200, token);
  expect_fits("GET", v + "/sessions", v + "/sessions", 200, token);
  world.history.next_page = page;
  expect_fits("GET", v + "/me/export", v + "/me/export", 200, token);
  world.inspection.story = api::testing::full_story();
  const auto& secret = api::testing::kOperatorToken;
  const auto explained = v + "/operator/messages/" + world.inspection.story->id.hex();
  expect_fits("GET", v + "/operator/messages/{id}", explained, 200, secret);
  world.inspection.users = {{bob.user.id, 3, world.clock.wall_now()}, {carol.user.id, 1, std::nullopt}};
  expect_fits("GET", v + "/operator/pending", v + "/operator/pending", 200, secret);
  expect_fits("GET", v + "/operator/pending", v + "/operator/pending", 401, token);
  expect_fits("GET", "/healthz", "/healthz", 200, "");
  expect_fits("GET", "/readyz", "/readyz", 200, "");
}

TEST_F(Openapi, DescribesPushesAndTheirAddresses) {
  const auto token = world.registered("alice", "phone").access_token;
  const std::string v = "/api/v1";
  expect_fits("GET", v + "/push", v + "/push", 200, token);
  world.call("PUT", v + "/devices/phone/push", token, R"({"kind":"fcm","address":{"token":"t"}})");
  expect_fits("GET", v + "/me/export", v + "/me/export", 200, token);
}

}  // namespace
