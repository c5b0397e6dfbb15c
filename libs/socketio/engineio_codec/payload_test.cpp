#include "socketio/engineio_codec/payload.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace engineio_codec {
namespace {

struct Outcome {
  std::vector<std::string> packets;  // type digit or 'b', then the decoded payload
  std::optional<PacketError> error;
};

Outcome read(std::string_view body) {
  Outcome outcome;
  std::string scratch;
  PayloadReader reader(body, scratch);
  while (auto packet = reader.next()) {
    if (!packet->ok()) {
      outcome.error = packet->error();
      EXPECT_TRUE(reader.done());
      continue;
    }
    const Packet& read = **packet;
    std::string seen(1, read.binary ? 'b' : static_cast<char>('0' + static_cast<int>(read.type)));
    outcome.packets.push_back(seen.append(read.payload));
  }
  EXPECT_TRUE(reader.done());
  return outcome;
}

TEST(PollingPayload, SplitsPacketsAtTheSeparator) {
  const Outcome outcome = read(
      "4hello\x1E"
      "2\x1E"
      "bAQIDBA==");
  EXPECT_FALSE(outcome.error.has_value());
  EXPECT_EQ(outcome.packets, (std::vector<std::string>{"4hello", "2", "b\x01\x02\x03\x04"}));
  EXPECT_EQ(read("4").packets, std::vector<std::string>{"4"});
  EXPECT_EQ(read("b\x1E"
                 "b")
                .packets,
            (std::vector<std::string>{"b", "b"}));
}

TEST(PollingPayload, RefusesEmptySegmentsButHandsOutWhatCameBefore) {
  for (const char* body : {"", "\x1E",
                           "\x1E"
                           "4a"}) {
    EXPECT_EQ(read(body).error, PacketError::kEmpty);
    EXPECT_TRUE(read(body).packets.empty());
  }
  for (const char* body : {"4a\x1E",
                           "4a\x1E\x1E"
                           "4b"}) {
    EXPECT_EQ(read(body).error, PacketError::kEmpty);
    EXPECT_EQ(read(body).packets, std::vector<std::string>{"4a"});
  }
}

TEST(PollingPayload, StopsAtTheFirstUndecodablePacket) {
  const Outcome outcome = read(
      "4a\x1E"
      "9\x1E"
      "4b");
  EXPECT_EQ(outcome.error, PacketError::kUnknownType);
  EXPECT_EQ(outcome.packets, std::vector<std::string>{"4a"});
  EXPECT_EQ(read("4a\x1E"
                 "4\xC0\x1E"
                 "4b")
                .error,
            PacketError::kInvalidUtf8);
}

TEST(PollingPayload, WritesWhatItReads) {
  std::string body;
  PayloadWriter writer(body);
  writer.add_text(PacketType::kMessage, "hello");
  writer.add_binary("\x01\x02");
  writer.add_encoded("2");
  writer.add_text(PacketType::kNoop);
  EXPECT_EQ(body,
            "4hello\x1E"
            "bAQI=\x1E"
            "2\x1E"
            "6");
  EXPECT_EQ(writer.count(), 4u);
}

TEST(PollingPayload, RoundTripsRandomPackets) {
  base::SeededRandom random(5);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> sent;
    std::string body;
    PayloadWriter writer(body);
    for (std::uint64_t i = 1 + random.next() % 20; i > 0; --i) {
      std::string bytes = random.bytes(random.next() % 50);
      if (random.next() % 2 == 0) {
        writer.add_binary(bytes);
        sent.push_back("b" + bytes);
      } else {
        for (char& byte : bytes) byte = static_cast<char>(0x20 + (byte & 0x3F));
        writer.add_text(PacketType::kMessage, bytes);
        sent.push_back("4" + bytes);
      }
    }
    EXPECT_EQ(read(body).packets, sent);
  }
}

}  // namespace
}  // namespace engineio_codec
