#include "gateway/client_events.hpp"

#include <gtest/gtest.h>

#include "gateway/connect_payload.hpp"

namespace gateway {
namespace {

using chat::ErrorCode;

constexpr const char* kUser = "507f1f77bcf86cd799439011";

std::string send_json(const std::string& content, const std::string& more = "") {
  return std::string(R"({"recipient":")") + kUser + R"(","content":)" + content + more + "}";
}

TEST(ClientEvents, ASendIsDecodedAndItsTextFolded) {
  const auto send = parse_send(send_json(R"("a\r\nb")", R"(,"clientId":"c-1")"));
  ASSERT_TRUE(send.ok());
  EXPECT_EQ(send->recipient.hex(), kUser);
  EXPECT_EQ(send->content, "a\nb");
  EXPECT_EQ(send->client_id, "c-1");
}

TEST(ClientEvents, ASendWithAWrongPartNamesTheField) {
  const std::pair<std::string, std::string> wrong[] = {
      {R"({"content":"x"})", "recipient"},
      {R"({"recipient":"507f","content":"x"})", "recipient"},
      {R"({"recipient":{"$ne":1},"content":"x"})", "recipient"},
      {send_json("7"), "content"},
      {send_json("null"), "content"},
      {send_json(R"("")"), "content"},
      {send_json(R"("a\u0000b")"), "content"},
      {send_json(R"("x")", R"(,"clientId":"")"), "clientId"},
      {send_json(R"("x")", R"(,"clientId":"a b")"), "clientId"},
      {send_json(R"("x")", R"(,"clientId":")" + std::string(65, 'c') + R"(")"), "clientId"},
      {send_json(R"("x")", R"(,"clientId":12)"), "clientId"},
  };
  for (const auto& [json, field] : wrong) {
    const auto send = parse_send(json);
    ASSERT_FALSE(send.ok()) << json;
    EXPECT_EQ(send.error().code, ErrorCode::kInvalid) << json;
    EXPECT_EQ(send.error().field, field) << json;
  }
  EXPECT_EQ(parse_send(send_json("\"" + std::string(8193, 'x') + "\"")).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_send(send_json("\"" + std::string(8192, 'x') + "\"")).ok());
}

TEST(ClientEvents, AnEventTakesExactlyOneObjectWithoutRepeatedKeys) {
  for (const std::string arguments :
       {"", "1", "null", "[]", R"("x")", "{},{}", R"({"recipient":"a","recipient":"b","content":"x"})"}) {
    EXPECT_FALSE(parse_send(arguments).ok()) << arguments;
    EXPECT_FALSE(parse_mark_read(arguments).ok()) << arguments;
    EXPECT_FALSE(parse_typing(arguments).ok()) << arguments;
    EXPECT_FALSE(parse_sync(arguments).ok()) << arguments;
  }
}

TEST(ClientEvents, MarkReadTakesANumberOrAMessage) {
  const auto number = parse_mark_read(std::string(R"({"peer":")") + kUser + R"(","upTo":7})");
  ASSERT_TRUE(number.ok());
  const auto* up_to = std::get_if<std::pair<chat::UserId, chat::ConversationSeq>>(&*number);
  ASSERT_NE(up_to, nullptr);
  EXPECT_EQ(up_to->second.value, 7u);
  const auto message = parse_mark_read(std::string(R"({"messageId":")") + kUser + R"("})");
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(std::holds_alternative<chat::MessageId>(*message));
  for (const std::string large : {"18446744073709551615", "18446744073709552000", "1e+21", "1.7976931348623157e+308"}) {
    const auto all = parse_mark_read(std::string(R"({"peer":")") + kUser + R"(","upTo":)" + large + "}");
    ASSERT_TRUE(all.ok()) << large;
    EXPECT_EQ((std::get<std::pair<chat::UserId, chat::ConversationSeq>>(*all).second.value), ~std::uint64_t{0})
        << large;
  }
  for (const std::string bad : {R"("upTo":-1)", R"("upTo":1.5)", R"("upTo":"7")", R"("upTo":1e3)", R"("upTo":-1e21)",
                                R"("upTo":1e-400)", R"("upTo":null)"})
    EXPECT_EQ(parse_mark_read(std::string(R"({"peer":")") + kUser + R"(",)" + bad + "}").error().field, "upTo") << bad;
}

TEST(ClientEvents, OnlyAnObjectThatSaysOkFalseDoesNotConfirm) {
  for (const char* confirms :
       {"", "1", "null", "[]", R"({"ok":true})", "{}", R"({"ok":"false"})", R"("no",{"ok":false})"})
    EXPECT_TRUE(ack_confirms(confirms)) << confirms;
  EXPECT_FALSE(ack_confirms(R"({"ok":false})"));
  EXPECT_FALSE(ack_confirms(R"({"ok":false,"error":"disk full"},1)"));
}

TEST(ConnectPayload, APlainClientSendsATokenOnly) {
  const auto payload = parse_connect_payload(R"({"token":"t"})");
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->token, "t");
  EXPECT_FALSE(payload->device || payload->resume || payload->batch || payload->confirm);
}

TEST(ConnectPayload, EverythingIsReadAndNullMeansAbsent) {
  const auto payload = parse_connect_payload(
      R"({"token":"t","device":"phone","epoch":"e","position":9,"batch":true,"confirm":"heartbeat","more":[1]})");
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->device->value, "phone");
  EXPECT_EQ(payload->resume->epoch, "e");
  EXPECT_EQ(payload->resume->position.value, 9u);
  EXPECT_TRUE(payload->batch);
  EXPECT_EQ(payload->confirm, Confirm::kHeartbeat);
  EXPECT_FALSE(parse_connect_payload(R"({"token":"t","device":null,"epoch":null,"position":null})")->resume);
}

/// "Reset" is the answer to a position above the head; how far above it is does not make it a mistake.
TEST(ConnectPayload, APositionAboveEveryHeadIsReadAsTheLargest) {
  for (const std::string large : {"18446744073709551615", "18446744073709551616", "18446744073709552000", "1e+21"}) {
    const auto payload = parse_connect_payload(R"({"token":"t","epoch":"e","position":)" + large + "}");
    ASSERT_TRUE(payload.ok()) << large;
    EXPECT_EQ(payload->resume->position.value, ~std::uint64_t{0}) << large;
    const auto sync = parse_sync(R"({"epoch":"e","position":)" + large + "}");
    ASSERT_TRUE(sync.ok()) << large;
    EXPECT_EQ(sync->position.value, ~std::uint64_t{0}) << large;
  }
  for (const std::string bad : {"-1", "1.5", "\"7\"", "-1e21", "1e3", "[]"}) {
    EXPECT_EQ(parse_connect_payload(R"({"token":"t","epoch":"e","position":)" + bad + "}").error().field, "position")
        << bad;
    EXPECT_EQ(parse_sync(R"({"epoch":"e","position":)" + bad + "}").error().field, "position") << bad;
  }
}

TEST(ConnectPayload, WhatIsWrongIsNamed) {
  EXPECT_EQ(parse_connect_payload("{}").error().code, ErrorCode::kUnauthorized);
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"token":7})", "token"},
      {R"({"token":"t","device":"a b"})", "device"},
      {R"({"token":"t","device":"."})", "device"},
      {R"({"token":"t","device":".."})", "device"},
      {R"({"token":"t","epoch":"e"})", "position"},
      {R"({"token":"t","position":1})", "epoch"},
      {R"({"token":"t","epoch":"e","position":-1})", "position"},
      {R"({"token":"t","batch":1})", "batch"},
      {R"({"token":"t","confirm":"write"})", "confirm"},
  };
  for (const auto& [json, field] : wrong) {
    const auto payload = parse_connect_payload(json);
    ASSERT_FALSE(payload.ok()) << json;
    EXPECT_EQ(payload.error().field, field) << json;
  }
}

}  // namespace
}  // namespace gateway
