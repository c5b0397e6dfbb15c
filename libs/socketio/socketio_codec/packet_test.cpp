#include "socketio/socketio_codec/packet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace socketio_codec {
namespace {

constexpr DecodeLimits kLimits;

Packet decoded(std::string_view text, const DecodeLimits& limits = kLimits) {
  auto packet = decode_packet(text, limits);
  if (!packet.ok()) {
    ADD_FAILURE() << text << ": " << to_string(packet.error());
    return {};
  }
  return std::move(*packet);
}

void expect_refused(std::initializer_list<std::string_view> texts, PacketError error,
                    const DecodeLimits& limits = kLimits) {
  for (const std::string_view text : texts) {
    const auto packet = decode_packet(text, limits);
    ASSERT_FALSE(packet.ok()) << text;
    EXPECT_EQ(to_string(packet.error()), to_string(error)) << text;
  }
}

TEST(SocketPacket, DecodesConnectWithAndWithoutPayload) {
  EXPECT_EQ(decoded("0").type, PacketType::kConnect);
  EXPECT_EQ(decoded("0").name_space, "/");
  EXPECT_TRUE(decoded("0").payload.is_null());
  EXPECT_EQ(decoded(R"(0{"token":"123"})").payload.raw(), R"({"token":"123"})");
  EXPECT_EQ(decoded("0/admin,").name_space, "/admin");
  EXPECT_EQ(decoded("0/admin").name_space, "/admin");
  EXPECT_EQ(decoded("0/admin?x=1,").name_space, "/admin?x=1");
  EXPECT_EQ(decoded(R"(0/admin,{"a":[]})").payload.raw(), R"({"a":[]})");
  EXPECT_EQ(decoded("0/,").name_space, "/");
}

TEST(SocketPacket, DecodesEventsWithNameArgumentsAndAckId) {
  const std::string text = R"(2["foo",1,{"a":null}])";
  const Packet event = decoded(text);
  EXPECT_EQ(event.type, PacketType::kEvent);
  EXPECT_TRUE(event.is_event());
  EXPECT_EQ(event.event_name(), "foo");
  EXPECT_EQ(event.arguments, R"(1,{"a":null})");
  EXPECT_FALSE(event.ack_id.has_value());
  std::vector<std::string> arguments;
  event.for_each_argument([&](const base::JsonValue& value) { arguments.emplace_back(value.raw()); });
  EXPECT_EQ(arguments, (std::vector<std::string>{"1", R"({"a":null})"}));

  EXPECT_EQ(decoded(R"(2/admin,["foo"])").name_space, "/admin");
  EXPECT_EQ(decoded(R"(212["foo"])").ack_id, 12u);
  EXPECT_EQ(decoded(R"(2/admin,12["foo"])").ack_id, 12u);
  EXPECT_EQ(decoded(R"(2007["foo"])").ack_id, 7u);
  EXPECT_EQ(decoded(R"(29999999999["foo"])").ack_id, 9'999'999'999u);
  EXPECT_EQ(decoded(R"(2["foo"])").arguments, "");
  EXPECT_EQ(decoded("2[ \"foo\" , 1 , [2] ]").arguments, "1 , [2]");
  EXPECT_EQ(decoded("2[\"foo\" \n]").arguments, "");
}

TEST(SocketPacket, DecodesEventNamesOfEveryForm) {
  EXPECT_EQ(decoded(R"(2["\u0066o\"o"])").event_name(), "fo\"o");
  EXPECT_EQ(decoded(R"(2[5,"a"])").event_name(), "5");
  EXPECT_EQ(decoded(R"(2[""])").event_name(), "");
  EXPECT_EQ(decoded(R"(2["日本"])").event_name(), "日本");
  for (const char* name : {"error", "connection", "message", "__proto__", "constructor"}) {
    EXPECT_EQ(decoded(std::string("2[\"") + name + "\"]").event_name().size(), std::string_view(name).size());
  }
  Packet moved = decoded(R"(2["\u0061bc"])");
  const Packet there = std::move(moved);
  EXPECT_EQ(there.event_name(), "abc");
}

TEST(SocketPacket, DecodesAcksAndDisconnects) {
  const Packet ack = decoded(R"(312["bar",2])");
  EXPECT_TRUE(ack.is_ack());
  EXPECT_EQ(ack.ack_id, 12u);
  EXPECT_EQ(ack.arguments, R"("bar",2)");
  EXPECT_EQ(decoded("3/admin,13[]").arguments, "");
  std::vector<std::string> arguments;
  ack.for_each_argument([&](const base::JsonValue& value) { arguments.emplace_back(value.raw()); });
  EXPECT_EQ(arguments, (std::vector<std::string>{"\"bar\"", "2"}));
  EXPECT_EQ(decoded("1").type, PacketType::kDisconnect);
  EXPECT_EQ(decoded("1/admin,").name_space, "/admin");
}

TEST(SocketPacket, DecodesBinaryPackets) {
  const Packet event = decoded(R"(52-/admin,7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  EXPECT_EQ(event.type, PacketType::kBinaryEvent);
  EXPECT_EQ(event.attachments, 2u);
  EXPECT_EQ(event.name_space, "/admin");
  EXPECT_EQ(event.ack_id, 7u);
  EXPECT_EQ(event.event_name(), "x");
  const Packet ack = decoded(R"(61-12[{"_placeholder":true,"num":0}])");
  EXPECT_EQ(ack.type, PacketType::kBinaryAck);
  EXPECT_EQ(ack.ack_id, 12u);
  EXPECT_EQ(ack.attachments, 1u);
}

TEST(SocketPacket, RefusesNothingAndUnknownTypes) {
  expect_refused({""}, PacketError::kEmpty);
  expect_refused({"7", "9[]", "a", " 2[\"a\"]", "-1", "/", "[\"a\"]"}, PacketError::kUnknownType);
  expect_refused({"4", R"(4{"message":"x"})"}, PacketError::kConnectErrorFromPeer);
}

TEST(SocketPacket, RefusesWrongAttachmentCounts) {
  expect_refused({"5", R"(5["a"])", R"(51["a"])", R"(5-["a"])", R"(50-["a"])", R"(5a-["a"])", R"(51.5-["a"])",
                  R"(5-1-["a"])", R"(511-["a"])", R"(5100-["a"])", R"(599999999999999999999-["a"])", R"(51e1-["a"])",
                  R"(5 1-["a"])", R"(6["a"])", "61", R"(5/admin,1-["a"])"},
                 PacketError::kBadAttachmentCount);
  EXPECT_EQ(decoded(R"(510-["a"])").attachments, 10u);
}

TEST(SocketPacket, RefusesPayloadsThatTheTypeDoesNotAllow) {
  expect_refused(
      {"0[]",     "0null",         R"(0"token")", "0true", "0/admin,[1]", "1{}", "1[]", "1null", R"(1/admin,"x")",
       "2",       "2{}",           R"(2"foo")",   "2null", "2/admin",     "212", "3",   "312",   R"(312{})",
       R"(3"a")", R"(51-{"a":1})", "61-{}",       "51-"},
      PacketError::kBadPayload);
  expect_refused(
      {"2[]", "2[null]", "2[{}]", "2[true]", R"(2[["a"]])", "51-[]", R"(51-[{"_placeholder":true,"num":0}])"},
      PacketError::kBadEventName);
}

TEST(SocketPacket, RefusesReservedEventNamesHoweverTheyAreWritten) {
  for (const char* name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    const std::string text = std::string("2[\"") + name + "\",1]";
    expect_refused({text}, PacketError::kReservedEventName);
  }
  expect_refused({R"(2["\u0063onnect"])", R"(51-["disconnect",{"_placeholder":true,"num":0}])"},
                 PacketError::kReservedEventName);
}

TEST(SocketPacket, RefusesBrokenJsonAndAnythingBehindIt) {
  expect_refused({R"(2["a")", R"(2["a"]x)", R"(2["a"][])", R"(2["a",])", "0{", R"(0{"a":1}})", R"(2["a",NaN])",
                  "2/admin,[", "2x[\"a\"]", "2-1[\"a\"]", "2[\"\xFF\"]", "1x"},
                 PacketError::kBadJson);
}

TEST(SocketPacket, HoldsEveryLimitAtItsValueAndOneAbove) {
  const auto event = [](std::size_t bytes) { return "2[\"" + std::string(bytes, 'n') + "\"]"; };
  EXPECT_EQ(decoded(event(64)).event_name().size(), 64u);
  expect_refused({event(65), event(6400)}, PacketError::kBadEventName);

  const auto join = [](std::size_t bytes) { return "0/" + std::string(bytes - 1, 'n'); };
  EXPECT_EQ(decoded(join(128)).name_space.size(), 128u);
  expect_refused({join(129), join(129) + ",", join(12800)}, PacketError::kBadNamespace);
  expect_refused({"0/\xFF,"}, PacketError::kBadNamespace);

  const auto nested = [](std::size_t depth) {
    return "2[\"a\"," + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "]";
  };
  EXPECT_EQ(decoded(nested(16)).event_name(), "a");
  expect_refused({nested(17), nested(1700)}, PacketError::kBadJson);

  const auto many = [](std::size_t members) {
    std::string text = "2[\"a\"";
    for (std::size_t i = 1; i < members; ++i) text += ",0";
    return text + "]";
  };
  EXPECT_EQ(decoded(many(128)).payload.count(), 128u);
  expect_refused({many(129)}, PacketError::kBadJson);
  EXPECT_EQ(decoded(many(12800), {.json_members = 0}).payload.count(), 12800u);
  expect_refused({R"(212345678901["a"])", R"(200000000001["a"])"}, PacketError::kBadAckId);
}

TEST(SocketPacket, AcceptsWhatTheReferenceServerAcceptsInsideJson) {
  EXPECT_EQ(decoded(R"(2["a",{"k":1,"k":2}])").arguments, R"({"k":1,"k":2})");
  EXPECT_EQ(decoded(R"(2["a","\ud800"])").arguments, R"("\ud800")");
  EXPECT_EQ(decoded(R"(2["a",1e400,"\u0000",{"__proto__":1}])").payload.count(), 4u);
  EXPECT_EQ(decoded(R"(2["a",{"_placeholder":true,"num":0}])").attachments, 0u);
}

}  // namespace
}  // namespace socketio_codec
