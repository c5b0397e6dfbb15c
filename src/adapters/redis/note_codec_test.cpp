#include "adapters/redis/note_codec.hpp"

#include <gtest/gtest.h>

namespace adapters::redis {
namespace {

using chat::NodeNote;

chat::UserId user(std::uint8_t n) {
  chat::UserId id;
  id.bytes.fill(n);
  return id;
}

std::vector<NodeNote> one_of_each() {
  NodeNote committed;
  NodeNote presence;
  presence.kind = NodeNote::Kind::kPresence;
  presence.user = user(1);
  presence.peer = user(4);
  presence.on = true;
  presence.at = chat::WallTime(std::chrono::milliseconds(1'700'000'000'123));
  NodeNote typing;
  typing.kind = NodeNote::Kind::kTyping;
  typing.user = user(2);
  typing.peer = user(3);
  typing.on = true;
  NodeNote repeat;
  repeat.kind = NodeNote::Kind::kRepeat;
  return {committed, presence, typing, repeat};
}

TEST(NoteCodec, NotesComeBackAsTheyWere) {
  const auto notes = one_of_each();
  const auto payload = encode_notes("node-1", notes);
  const auto decoded = decode_notes(payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->node, "node-1");
  ASSERT_EQ(decoded->notes.size(), notes.size());
  for (std::size_t i = 0; i < notes.size(); ++i) {
    EXPECT_EQ(decoded->notes[i].kind, notes[i].kind);
    EXPECT_EQ(decoded->notes[i].user, notes[i].user);
    EXPECT_EQ(decoded->notes[i].peer, notes[i].peer);
    EXPECT_EQ(decoded->notes[i].on, notes[i].on);
    EXPECT_EQ(decoded->notes[i].at, notes[i].at);
  }
}

TEST(NoteCodec, APayloadCutWithinANoteIsRubbish) {
  const std::string start = encode_notes("n", std::vector{NodeNote{}});
  const auto header = start.size() - 1;
  for (const auto& note : one_of_each()) {
    const auto payload = encode_notes("n", std::vector{note});
    for (std::size_t size = 0; size < payload.size(); ++size) {
      EXPECT_FALSE(decode_notes(std::string_view(payload).substr(0, size))) << size;
    }
    EXPECT_GT(payload.size(), header);
    EXPECT_TRUE(decode_notes(payload));
  }
}

TEST(NoteCodec, WhatNobodyWritesIsRubbish) {
  using namespace std::string_literals;
  for (const auto& payload :
       {""s, "hello"s, "rn1"s, "rn2\x01n\x01"s, "rn1\0\x01"s, "rn1\x01n\x00"s, "rn1\x01n\x05"s, "rn1\x01n\x01\xFF"s,
        "rn1\xFF"s + std::string(255, 'n') + "\x01", "rn1\x01n\x03"s + std::string(24, 'u') + "\x02"}) {
    EXPECT_FALSE(decode_notes(payload)) << payload;
  }
  EXPECT_TRUE(decode_notes("rn1\x01n"s + std::string(kMaxNotesPerPayload, '\x01')));
  EXPECT_FALSE(decode_notes("rn1\x01n"s + std::string(kMaxNotesPerPayload + 1, '\x01')));
}

}  // namespace
}  // namespace adapters::redis
