#include "socketio/socketio_codec/encoder.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace socketio_codec {
namespace {

template <class Write>
std::string written(Write write) {
  std::string out;
  write(out);
  return out;
}

TEST(SocketEncoder, AcceptsAConnect) {
  EXPECT_EQ(written([](auto& out) { append_connect(out, "/", {.sid = "wZX3oN0bSVIhsaknAAAI", .pid = ""}); }),
            R"(0{"sid":"wZX3oN0bSVIhsaknAAAI"})");
  EXPECT_EQ(written([](auto& out) { append_connect(out, "/admin", {.sid = "s", .pid = "p"}); }),
            R"(0/admin,{"sid":"s","pid":"p"})");
}

TEST(SocketEncoder, RefusesAConnectWithAnObject) {
  EXPECT_EQ(written([](auto& out) {
              append_connect_error(out, "/", {.message = "not authorized", .data = R"({"code":1})"});
            }),
            R"(4{"message":"not authorized","data":{"code":1}})");
  EXPECT_EQ(
      written([](auto& out) { append_connect_error(out, "/admin", {.message = "Invalid namespace", .data = ""}); }),
      R"(4/admin,{"message":"Invalid namespace"})");
}

TEST(SocketEncoder, WritesTheCommaAfterANamespaceAlways) {
  EXPECT_EQ(written([](auto& out) { append_disconnect(out, "/"); }), "1");
  EXPECT_EQ(written([](auto& out) { append_disconnect(out, "/admin"); }), "1/admin,");
}

TEST(SocketEncoder, WritesEvents) {
  EXPECT_EQ(written([](auto& out) { append_event(out, {}, {.name = "foo", .arguments = R"(1,{"a":null})"}); }),
            R"(2["foo",1,{"a":null}])");
  EXPECT_EQ(written([](auto& out) {
              append_event(out, {.name_space = "/admin", .ack_id = 12}, {.name = "f\"o", .arguments = ""});
            }),
            R"(2/admin,12["f\"o"])");
  EXPECT_EQ(written([](auto& out) { append_event(out, {.ack_id = kAckIdEnd - 1}, {.name = "foo", .arguments = ""}); }),
            R"(22147483647["foo"])");
}

TEST(SocketEncoder, WritesAcks) {
  EXPECT_EQ(written([](auto& out) { append_ack(out, {.ack_id = 12}, R"("bar")"); }), R"(312["bar"])");
  EXPECT_EQ(written([](auto& out) { append_ack(out, {.name_space = "/admin", .ack_id = 13}, ""); }), "3/admin,13[]");
  EXPECT_EQ(written([](auto& out) { append_ack(out, {.ack_id = 0}, ""); }), "30[]");
}

TEST(SocketEncoder, WritesBinaryPacketsWithTheExactPlaceholder) {
  const std::string first = written([](auto& out) { append_placeholder(out, 0); });
  EXPECT_EQ(first, R"({"_placeholder":true,"num":0})");
  EXPECT_EQ(written([&](auto& out) {
              append_event(out, {.name_space = "/admin", .ack_id = 7, .attachments = 1},
                           {.name = "x", .arguments = first});
            }),
            R"(51-/admin,7["x",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(written([&](auto& out) { append_ack(out, {.ack_id = 12, .attachments = 1}, first); }),
            R"(61-12[{"_placeholder":true,"num":0}])");
}

TEST(SocketEncoder, WritesWhatTheDecoderReads) {
  base::SeededRandom random(21);
  const DecodeLimits limits;
  const std::string_view name_spaces[] = {"/", "/admin", "/a/b?c=d"};
  const std::string_view names[] = {"x", "with \"quotes\"", "日本", "a\nb\\", ""};
  const std::string_view lists[] = {"", "1", R"({"a":[1,2]},null,"s")"};
  for (int round = 0; round < 2000; ++round) {
    Envelope envelope{.name_space = name_spaces[random.next() % 3], .attachments = random.next() % 4};
    if (random.next() % 2 == 0) envelope.ack_id = random.next() % kAckIdEnd;
    const EventBody body{names[random.next() % 5], lists[random.next() % 3]};
    std::string text;
    append_event(text, envelope, body);
    const auto packet = decode_packet(text, limits);
    ASSERT_TRUE(packet.ok()) << text;
    EXPECT_EQ(packet->name_space, envelope.name_space);
    EXPECT_EQ(packet->ack_id, envelope.ack_id);
    EXPECT_EQ(packet->attachments, envelope.attachments);
    EXPECT_EQ(packet->event_name(), body.name);
    EXPECT_EQ(packet->arguments, body.arguments);
  }
}

TEST(SocketEncoderDeathTest, DiesOnPacketsThatClientsCannotRead) {
  std::string out;
  EXPECT_DEATH(append_event(out, {}, {.name = "disconnect", .arguments = ""}), "CHECK failed");
  EXPECT_DEATH(append_event(out, {.attachments = 11}, {.name = "x", .arguments = ""}), "CHECK failed");
  EXPECT_DEATH(append_event(out, {.ack_id = kAckIdEnd}, {.name = "x", .arguments = ""}), "CHECK failed");
  EXPECT_DEATH(append_ack(out, {}, ""), "CHECK failed");
}

}  // namespace
}  // namespace socketio_codec
