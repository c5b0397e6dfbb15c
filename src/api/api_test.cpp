#include "api/api.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "api/api_fixture.hpp"
#include "api/router.hpp"

namespace {

constexpr auto kPublicKey = "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0A";
constexpr auto kAuthentication = "AAECAwQFBgcICQoLDA0ODw";

using api::testing::Answer;
using api::testing::ApiWorld;

std::string filled(std::string pattern) {
  for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{')) {
    pattern.replace(open, pattern.find('}') - open + 1, "0000000000000000000000ff");
  }
  return pattern;
}

chat::MessageView message_of(const chat::UserId& sender) {
  chat::MessageView message;
  message.id = *chat::MessageId::from_hex("0000000000000000000000c3");
  message.sender = sender;
  message.seq = chat::ConversationSeq(4);
  message.content = "hello";
  message.client_id = "c1";
  return message;
}

TEST(Router, FindsParametersAndTellsUnknownPathsFromUnknownMethods) {
  const auto match = api::find_route("POST", "/api/v1/friends/requests/abc/accept");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parameters, std::vector<std::string>{"abc"});
  EXPECT_EQ(api::find_route("GET", "/api/v1/nothing").allow, "");
  EXPECT_EQ(api::find_route("GET", "/api/v1/friends/requests/").route, nullptr);
  EXPECT_EQ(api::find_route("PUT", "/api/v1/me").allow, "GET, HEAD, PATCH, DELETE");
  EXPECT_NE(api::find_route("HEAD", "/healthz").route, nullptr);
  EXPECT_EQ(api::find_route("DELETE", "/api/v1/friends/requests").route, nullptr) << "that is no user's id";
  EXPECT_EQ(api::find_route("DELETE", "/api/v1/friends/requests").allow, "POST, GET, HEAD");
}

TEST(Api, AnswersUnknownPathsAndMethods) {
  ApiWorld world;
  EXPECT_EQ(world.call("GET", "/api/v1/nothing").status, 404);
  EXPECT_EQ(world.call("GET", "/api/v1/nothing").error("code"), "not_found");
  const auto wrong = world.call("PUT", "/api/v1/me");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("Allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(world.call("OPTIONS", "/api/v1/me").status, 204);
}

TEST(Api, WantsAGoodTokenForEveryRouteButTheOpenOnes) {
  ApiWorld world;
  const auto grant = world.registered("alice");
  world.clock.advance(std::chrono::minutes(16));
  for (const auto& route : api::routes()) {
    if (route.access == api::Access::kOpen) continue;
    const std::string method(route.method);
    const auto path = filled(std::string(route.pattern));
    for (const auto& token : {std::string(), std::string("nonsense"), grant.access_token}) {
      const auto answer = world.call(method, path, token, "{}");
      EXPECT_EQ(answer.status, 401) << method << path << token;
      EXPECT_EQ(answer.error("code"), "unauthorized");
      EXPECT_EQ(answer.headers.at("WWW-Authenticate"), "Bearer");
    }
  }
}

TEST(Api, RefusesBadBodiesOfEveryRouteThatTakesOne) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  std::string deep = R"({"a":)";
  for (int i = 0; i < 16; ++i) deep += '[';
  for (int i = 0; i < 16; ++i) deep += ']';
  deep += '}';
  std::string wide = "{";
  for (int i = 0; i < 129; ++i) wide += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  wide += '}';
  const std::string bad[] = {"",   "[]", "null", "{", R"({"a":1,"a":2})", "{\"a\":\"\xff\"}", R"({"a":"\ud800"})",
                             deep, wide};
  for (const auto& route : api::routes()) {
    if (route.body == api::BodyRule::kIgnored) continue;
    const std::string method(route.method);
    const auto path = filled(std::string(route.pattern));
    for (const auto& body : bad) {
      const auto answer = world.call(method, path, token, body);
      EXPECT_EQ(answer.status, 400) << path << body;
      EXPECT_EQ(answer.error("code"), "invalid") << path << body;
    }
    EXPECT_EQ(world.call(method, path, token, std::string(64 * 1024 + 1, ' ')).status, 413) << path;
  }
}

TEST(Api, WordsRequestsThatWereRefusedBeforeTheyWereAny) {
  ApiWorld world;
  const std::pair<int, const char*> refused[] = {{400, "invalid"},   {408, "invalid"},   {413, "too_large"},
                                                 {414, "too_large"}, {431, "too_large"}, {501, "invalid"},
                                                 {505, "invalid"}};
  for (const auto& [status, code] : refused) {
    engineio::HttpRequest request;  // neither method nor path has to be known
    request.refused = status;
    const auto answer = world.send(std::move(request));
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.error("code"), code) << status;
    EXPECT_NE(answer.error("message"), "") << status;
    EXPECT_EQ(answer.headers.at("Content-Type"), "application/json");
  }
}

TEST(Api, TakesJsonWithItsCharsetAndNothingElse) {
  ApiWorld world;
  const auto status = [&](const std::string& type) {
    engineio::HttpRequest request;
    request.method = "POST";
    request.target = "/api/v1/refresh";
    request.headers["content-type"] = type;
    request.body = R"({"refreshToken":"x"})";
    return world.send(std::move(request)).status;
  };
  EXPECT_EQ(status("application/json"), 401);
  EXPECT_EQ(status("Application/JSON; charset=UTF-8"), 401);
  EXPECT_EQ(status("application/json;charset=\"utf-8\""), 401);
  EXPECT_EQ(status("application/json; charset=latin1"), 400);
  EXPECT_EQ(status("text/plain"), 400);
  EXPECT_EQ(status("application/jsonp"), 400);
}

TEST(Api, RegistersLogsInAndNamesWrongFields) {
  ApiWorld world;
  const auto made = world.call("POST", "/api/v1/register", "",
                               R"({"username":"alice","email":"a@b.c","password":"12345678","device":"phone","x":1})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().member("device")->as_string(), "phone");
  EXPECT_EQ(made.json().member("expiresIn")->as_int64(), 900);
  EXPECT_EQ(made.json().member("user")->member("email")->as_string(), "a@b.c");
  const auto taken =
      world.call("POST", "/api/v1/register", "", R"({"username":"Alice","email":"x@b.c","password":"12345678"})");
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.error("field"), "username");
  const auto typed = world.call("POST", "/api/v1/register", "", R"({"username":7,"email":"a@b.c","password":"x"})");
  EXPECT_EQ(typed.error("field"), "username");
  EXPECT_EQ(world.call("POST", "/api/v1/login", "", R"({"username":"alice"})").error("field"), "password");
  const auto logged = world.call("POST", "/api/v1/login", "", R"({"username":"ALICE","password":"12345678"})");
  EXPECT_EQ(logged.status, 200);
  const auto wrong = world.call("POST", "/api/v1/login", "", R"({"username":"alice","password":"87654321"})");
  const auto nobody = world.call("POST", "/api/v1/login", "", R"({"username":"nobody","password":"87654321"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, nobody.body);
  for (const std::string name : {"a b", ".", ".."}) {
    const auto device = world.call("POST", "/api/v1/login", "",
                                   R"({"username":"alice","password":"12345678","device":")" + name + "\"}");
    EXPECT_EQ(device.status, 400) << name;
    EXPECT_EQ(device.error("field"), "device") << name;
  }
}

TEST(Api, TellsRetryAfterInBodyAndHeader) {
  ApiWorld world;
  world.registered("alice");
  Answer answer;
  for (int i = 0; i < 6; ++i) {
    answer = world.call("POST", "/api/v1/login", "", R"({"username":"alice","password":"87654321"})");
  }
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("Retry-After"), answer.error("retryAfter"));
  world.passwords_full = true;
  const auto busy =
      world.call("POST", "/api/v1/register", "", R"({"username":"bob1","email":"b@b.c","password":"12345678"})");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.error("code"), "overloaded");
  EXPECT_FALSE(busy.headers.at("Retry-After").empty());
}

TEST(Api, AnswersAlikeForStrangersUnknownAndBlockingUsers) {
  ApiWorld world;
  const auto alice = world.registered("alice");
  const auto bob = world.registered("bob1");
  world.registered("carol");
  world.call("PUT", "/api/v1/blocks/" + alice.user.id.hex(), bob.access_token);
  std::vector<Answer> answers;
  for (const char* body : {R"({"username":"bob1"})", R"({"username":"carol"})", R"({"username":"nobody"})",
                           R"({"username":"alice"})", R"({"userId":"0000000000000000000000ff"})"}) {
    answers.push_back(world.call("POST", "/api/v1/friends/requests", alice.access_token, body));
    EXPECT_EQ(answers.back().status, 202);
    EXPECT_EQ(answers.back().body, answers.front().body);
  }
  EXPECT_EQ(world.call("POST", "/api/v1/friends/requests", alice.access_token, "{}").status, 400);
  EXPECT_EQ(world.call("POST", "/api/v1/friends/requests", alice.access_token, R"({"userId":"12"})").error("field"),
            "userId");
}

// Every verb on another person x what the two are to each other.
TEST(Api, HasOneAnswerPerVerbAndRelation) {
  enum Relation { kStranger, kAsked, kFriend, kBlockedByOther, kUnknown, kSelf };
  struct Row {
    const char* method;
    const char* path;  // followed by the id
    const char* rest;
    int expected[6];
  };
  const Row rows[] = {
      {"POST", "/api/v1/friends/requests/", "/accept", {404, 204, 204, 404, 404, 400}},
      {"POST", "/api/v1/friends/requests/", "/decline", {204, 204, 204, 204, 204, 400}},
      {"DELETE", "/api/v1/friends/", "", {204, 204, 204, 204, 204, 400}},
      {"PUT", "/api/v1/blocks/", "", {204, 204, 204, 204, 404, 400}},
      {"DELETE", "/api/v1/blocks/", "", {204, 204, 204, 204, 204, 400}},
  };
  for (const auto& row : rows) {
    for (int relation = kStranger; relation <= kSelf; ++relation) {
      ApiWorld world;
      const auto me = world.registered("alice");
      const auto other = world.registered("bob1");
      const auto ask = R"({"userId":")" + me.user.id.hex() + R"("})";
      const auto back = R"({"userId":")" + other.user.id.hex() + R"("})";
      if (relation == kAsked || relation == kFriend) {
        world.call("POST", "/api/v1/friends/requests", other.access_token, ask);
      }
      if (relation == kFriend) world.call("POST", "/api/v1/friends/requests", me.access_token, back);
      if (relation == kBlockedByOther) world.call("PUT", "/api/v1/blocks/" + me.user.id.hex(), other.access_token);
      auto id = other.user.id.hex();
      if (relation == kUnknown) id = "0000000000000000000000ff";
      if (relation == kSelf) id = me.user.id.hex();
      const auto answer = world.call(row.method, row.path + id + row.rest, me.access_token);
      EXPECT_EQ(answer.status, row.expected[relation]) << row.method << row.path << row.rest << " " << relation;
      EXPECT_EQ(world.call(row.method, row.path + std::string("zz") + row.rest, me.access_token).status, 400);
    }
  }
}

TEST(Api, SendsAsTheTokensDevice) {
  ApiWorld world;
  const auto alice = world.registered("alice", "phone");
  world.messaging.next = chat::SendAnswer{message_of(alice.user.id), true, false};
  const std::string to = R"({"recipient":"0000000000000000000000b2",)";
  const auto sent =
      world.call("POST", "/api/v1/messages", alice.access_token, to + R"("content":"a\r\nb","clientId":"c1"})");
  EXPECT_EQ(sent.status, 201) << sent.body;
  EXPECT_EQ(world.messaging.sent->device.value, "phone");
  EXPECT_EQ(world.messaging.sent->connection.value, 0u);
  EXPECT_EQ(world.messaging.sent->content, "a\nb");
  EXPECT_EQ(sent.json().member("message")->member("clientId")->as_string(), "c1");
  world.messaging.next = chat::SendAnswer{message_of(alice.user.id), true, true};
  EXPECT_EQ(world.call("POST", "/api/v1/messages", alice.access_token, to + R"("content":"a"})").status, 200);
  world.messaging.next = chat::Refusal{chat::ErrorCode::kNotAllowed, "no", 0, {}, {}};
  EXPECT_EQ(world.call("POST", "/api/v1/messages", alice.access_token, to + R"("content":"a"})").status, 403);
}

TEST(Api, ChecksAMessageBeforeItIsSent) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  const auto field = [&](const std::string& body) {
    const auto answer = world.call("POST", "/api/v1/messages", token, body);
    return std::to_string(answer.status) + " " + answer.error("field");
  };
  const std::string to = R"({"recipient":"0000000000000000000000b2",)";
  EXPECT_EQ(field(R"({"recipient":"nobody","content":"a"})"), "400 recipient");
  EXPECT_EQ(field(R"({"content":"a"})"), "400 recipient");
  EXPECT_EQ(field(to + R"("content":""})"), "400 content");
  EXPECT_EQ(field(to + R"("content":7})"), "400 content");
  EXPECT_EQ(field(to + R"("content":"\u0000"})"), "400 content");
  EXPECT_EQ(field(to + R"("content":")" + std::string(8193, 'x') + R"("})"), "413 content");
  EXPECT_EQ(field(to + R"("content":"a","clientId":""})"), "400 clientId");
  EXPECT_EQ(field(to + R"("content":"a","clientId":")" + std::string(65, 'x') + R"("})"), "400 clientId");
  EXPECT_FALSE(world.messaging.sent);
  EXPECT_EQ(
      world.call("POST", "/api/v1/messages", token, to + R"("content":")" + std::string(8192, 'x') + R"("})").status,
      201);
}

TEST(Api, PagesHistoryWithinItsLimits) {
  ApiWorld world;
  const auto alice = world.registered("alice");
  const std::string path = "/api/v1/conversations/0000000000000000000000b2/messages";
  chat::HistoryPage page;
  page.messages = {message_of(alice.user.id)};
  page.next = chat::ConversationSeq(4);
  world.history.next_page = page;
  const auto first = world.call("GET", path, alice.access_token);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.json().member("next")->as_int64(), 4);
  EXPECT_EQ(world.history.asked_limit, 50u);
  EXPECT_FALSE(world.history.asked_before);
  world.call("GET", path, alice.access_token, "", {{"before", "4"}, {"limit", "200"}});
  EXPECT_EQ(world.history.asked_limit, 200u);
  EXPECT_EQ(world.history.asked_before, chat::ConversationSeq(4));
  for (const char* limit : {"0", "201", "-1", "x", "", "1.5", "99999999999999999999999"}) {
    const auto answer = world.call("GET", path, alice.access_token, "", {{"limit", limit}});
    EXPECT_EQ(answer.status, 400) << limit;
    EXPECT_EQ(answer.error("field"), "limit") << limit;
  }
  EXPECT_EQ(world.call("GET", path, alice.access_token, "", {{"before", "x"}}).error("field"), "before");
}

TEST(Api, MarksAsRead) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  const std::string path = "/api/v1/conversations/0000000000000000000000b2/read";
  EXPECT_EQ(world.call("POST", path, token, R"({"upTo":7})").status, 204);
  EXPECT_EQ(world.messaging.read->second, chat::ConversationSeq(7));
  EXPECT_EQ(world.call("POST", path, token, R"({"upTo":1e+21})").status, 204);
  EXPECT_EQ(world.messaging.read->second, chat::ConversationSeq(~std::uint64_t{0}));
  EXPECT_EQ(world.call("POST", path, token, R"({"upTo":-1})").error("field"), "upTo");
  EXPECT_EQ(world.call("POST", path, token, "{}").error("field"), "upTo");
}

TEST(Api, EndsTheSessionAtLogout) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  EXPECT_EQ(world.call("POST", "/api/v1/logout", token).status, 204);
  EXPECT_EQ(world.call("GET", "/api/v1/me", token).status, 401);
}

TEST(Api, AcceptsPushAddressesOfKnownKinds) {
  ApiWorld world;
  const auto alice = world.registered("alice", "phone");
  const auto put = [&](const std::string& body) {
    return world.call("PUT", "/api/v1/devices/phone/push", alice.access_token, body).status;
  };
  EXPECT_EQ(put(R"({"kind":"fcm","address":{"token":"t"}})"), 204);
  const auto subscription = [](const std::string& endpoint, const std::string& p256dh, const std::string& auth) {
    return R"({"kind":"webpush","address":{"endpoint":")" + endpoint + R"(","keys":{"p256dh":")" + p256dh +
           R"(","auth":")" + auth + R"("}}})";
  };
  EXPECT_EQ(put(subscription("https://p.example/1", kPublicKey, kAuthentication)), 204);
  EXPECT_EQ(put(subscription("https://p.example:8443", kPublicKey, kAuthentication)), 204);
  for (const char* endpoint : {"http://p.example/1", "https://", "https:///1", "https://:1/", "https://u:p@p.example/1",
                               "https://p.example/a b", "https://p.example\\\\@q.example/", "ftp://p.example/1"}) {
    EXPECT_EQ(put(subscription(endpoint, kPublicKey, kAuthentication)), 400) << endpoint;
  }
  EXPECT_EQ(put(subscription("https://p.example/1", "BAEC", kAuthentication)), 400);
  EXPECT_EQ(put(subscription("https://p.example/1", kPublicKey, "BAEC")), 400);
  EXPECT_EQ(put(R"({"kind":"pigeon","address":{"token":"t"}})"), 400);
  EXPECT_EQ(put(R"({"kind":"fcm","address":{}})"), 400);
  EXPECT_EQ(
      world.call("PUT", "/api/v1/devices/tablet/push", alice.access_token, R"({"kind":"fcm","address":{"fid":"f"}})")
          .status,
      404);
  EXPECT_EQ(world.call("DELETE", "/api/v1/devices/phone/push", alice.access_token).status, 204);
}

TEST(Api, SaysWhereItCanPushTo) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  EXPECT_EQ(world.call("GET", "/api/v1/push").status, 401);
  EXPECT_EQ(world.call("GET", "/api/v1/push", token).body, R"({"fcm":false,"webpush":null})");
  api::Options options;
  options.push = {.fcm = true, .webpush_public_key = "BKey", .refuse = {}};
  ApiWorld offering(options);
  EXPECT_EQ(offering.call("GET", "/api/v1/push", offering.token_of("alice")).body,
            R"({"fcm":true,"webpush":{"publicKey":"BKey"}})");
}

TEST(Api, StoresOnlyAddressesThatTheOfferDoesNotRefuse) {
  api::Options options;
  options.push.refuse = [](const chat::PushAddress& address) -> std::optional<std::string> {
    if (address.kind == "fcm" && address.address == R"({"token":"good"})") return std::nullopt;
    return "not this one";
  };
  ApiWorld world(options);
  const auto alice = world.registered("alice", "phone");
  const auto put = [&](const std::string& token) {
    return world.call("PUT", "/api/v1/devices/phone/push", alice.access_token,
                      R"({"kind":"fcm","address":{"token":")" + token + R"("}})");
  };
  EXPECT_EQ(put("good").status, 204);
  const auto refused = put("evil");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error("field"), "address");
  EXPECT_EQ(refused.error("message"), "not this one");
}

TEST(Api, OnlyTwoExportsAreThereUntilTheirAnswersHaveLeft) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  const auto exported = [&] { return world.call("GET", "/api/v1/me/export", token); };
  auto first = exported();
  const auto second = exported();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 200);
  const auto third = exported();
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(third.error("code"), "overloaded");
  first.held.reset();
  EXPECT_EQ(exported().status, 200);
}

TEST(Api, ExportsPushAddressesAndWhetherTheyShowTheText) {
  ApiWorld world;
  const auto alice = world.registered("alice", "phone");
  EXPECT_EQ(world.call("PATCH", "/api/v1/me", alice.access_token, R"({"pushPreviews":1})").error("field"),
            "pushPreviews");
  EXPECT_EQ(world.call("PATCH", "/api/v1/me", alice.access_token, R"({"pushPreviews":true})").status, 200);
  world.call("PUT", "/api/v1/devices/phone/push", alice.access_token, R"({"kind":"fcm","address":{"token":"t1"}})");
  const auto exported = world.call("GET", "/api/v1/me/export", alice.access_token).body;
  EXPECT_NE(exported.find(R"("pushPreviews":true)"), std::string::npos);
  EXPECT_NE(exported.find(R"("push":{"kind":"fcm","address":{"token":"t1"}})"), std::string::npos) << exported;
  const auto listed = world.call("GET", "/api/v1/devices", alice.access_token).body;
  EXPECT_EQ(listed.find("t1"), std::string::npos) << "the address is nobody's business but the export's";
}

TEST(Api, ExportsAConversationThatIsGoneWhenItsTurnComesAsAnEmptyOne) {
  ApiWorld world;
  const auto token = world.token_of("alice");
  chat::ConversationView gone;
  gone.peer.username = "bob";
  world.history.views = {gone};
  world.history.next_page = chat::not_found("there is no conversation with this user");
  const auto exported = world.call("GET", "/api/v1/me/export", token);
  EXPECT_EQ(exported.status, 200);
  EXPECT_NE(exported.body.find(R"("username":"bob"},"messages":[]}]})"), std::string::npos) << exported.body;
  world.history.next_page = chat::Refusal{chat::ErrorCode::kRetry, "later", 1, {}, {}};
  EXPECT_EQ(world.call("GET", "/api/v1/me/export", token).error("code"), "retry");
}

TEST(Api, ListsWhichDevicesAreConnected) {
  ApiWorld world;
  const auto alice = world.registered("alice", "phone");
  world.logged_in("alice", "laptop");
  world.presence.devices.insert({alice.user.id, *chat::DeviceId::parse("laptop")});
  const auto listed = world.call("GET", "/api/v1/devices", alice.access_token).body;
  const auto online_of = [&](std::string_view device) {
    const auto at = listed.find(R"({"device":")" + std::string(device));
    EXPECT_NE(at, std::string::npos) << listed;
    const auto end = listed.find('}', at);
    return listed.substr(at, end - at).find(R"("online":true)") != std::string::npos;
  };
  EXPECT_FALSE(online_of("phone")) << listed;
  EXPECT_TRUE(online_of("laptop")) << listed;
}

TEST(Api, IsReadyUntilItDrains) {
  ApiWorld world;
  EXPECT_EQ(world.call("GET", "/readyz").status, 200);
  world.api.set_draining();
  EXPECT_EQ(world.call("GET", "/readyz").status, 503);
  EXPECT_EQ(world.call("GET", "/healthz").status, 200);
}

TEST(Api, AllowsTheConfiguredOriginsOnly) {
  api::Options options;
  options.allowed_origins = {"https://app.example"};
  ApiWorld world(options);
  const auto from = [&](const std::string& origin, const std::string& method) {
    engineio::HttpRequest request;
    request.method = method;
    request.target = "/api/v1/me";
    request.headers["origin"] = origin;
    return world.send(std::move(request));
  };
  EXPECT_EQ(from("https://app.example", "OPTIONS").headers.at("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(from("https://app.example", "GET").headers.at("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(from("https://evil.example", "GET").headers.count("Access-Control-Allow-Origin"), 0u);
  EXPECT_EQ(from("https://evil.example", "GET").headers.at("Vary"), "Origin");
}

TEST(Api, ServesThePageWithItsPolicyAndNothingBesideIt) {
  const auto root = std::filesystem::temp_directory_path() / "restante_api_test_web";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root / "assets");
  std::ofstream(root / "index.html") << "<!doctype html>";
  std::ofstream(root / "assets" / "app.js") << "1";
  std::ofstream(root / ".secret") << "x";
  std::filesystem::create_symlink("/etc/passwd", root / "link");
  api::Options options;
  options.web_root = root.string();
  ApiWorld world(options);
  const auto page = world.call("GET", "/");
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_EQ(page.headers.at("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.at("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.headers.at("Content-Security-Policy").find("unsafe"), std::string::npos);
  EXPECT_NE(page.headers.at("Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(world.call("GET", "/assets/app.js").headers.at("Content-Type"), "text/javascript; charset=utf-8");
  for (const char* path : {"/.secret", "/link", "/../api_test", "/assets", "/assets/../.secret", "//etc/passwd"}) {
    EXPECT_EQ(world.call("GET", path).status, 404) << path;
  }
  const auto& tag = page.headers.at("ETag");
  const auto asked_with = [&](const std::string& known) {
    engineio::HttpRequest again;
    again.method = "GET";
    again.target = "/index.html";
    again.headers["if-none-match"] = known;
    return world.send(std::move(again)).status;
  };
  for (const std::string& known : {tag, "W/" + tag, "\"a,b\", " + tag, "\"a\" ,W/" + tag + ", \"c\"", std::string("*")})
    EXPECT_EQ(asked_with(known), 304) << known;
  for (const std::string& other : {"\"x" + tag + "y\"", tag.substr(1), tag.substr(0, 5), std::string("\"*\""),
                                   std::string(), std::string("W/"), std::string(", ")})
    EXPECT_EQ(asked_with(other), 200) << other;
  EXPECT_EQ(world.call("POST", "/").status, 405);
  std::filesystem::remove_all(root);
}

}  // namespace
