#include "socketio/websocket_codec/frame_parser.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace websocket_codec {
namespace {

using Kind = Incoming::Kind;

constexpr ParserOptions kOptions{.max_message_bytes = 1000, .max_fragments = 4};

struct Seen {
  Kind kind;
  std::uint16_t code;
  std::string payload;
  friend bool operator==(const Seen&, const Seen&) = default;
};
void PrintTo(const Seen& seen, std::ostream* out) {
  *out << static_cast<int>(seen.kind) << "/" << seen.code << "/" << testing::PrintToString(seen.payload);
}

// Feeds `bytes` in pieces of `piece` bytes, each in a buffer that is destroyed before the next one comes.
std::vector<Seen> parse(std::string_view bytes, std::size_t piece = std::string::npos,
                        const ParserOptions& options = kOptions) {
  FrameParser parser(options);
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    std::string buffer(bytes.substr(0, piece));
    bytes.remove_prefix(buffer.size());
    std::span<char> input(buffer);
    for (Incoming got = parser.next(input); got.kind != Kind::kNeedMore; got = parser.next(input)) {
      seen.push_back({got.kind, got.code, std::string(got.payload)});
    }
    EXPECT_TRUE(input.empty());
    EXPECT_TRUE(parser.mid_message() || parser.heap_bytes() == 0);
  }
  return seen;
}

std::string client(Opcode opcode, std::string_view payload, bool final_fragment = true) {
  std::string out;
  append_masked_frame(out, {.opcode = opcode, .final_fragment = final_fragment, .mask = {0xA1, 0x02, 0xF3, 0x44}},
                      payload);
  return out;
}

std::string close_frame(int code, std::string_view reason = {}) {
  std::string body{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return client(Opcode::kClose, body.append(reason));
}

std::vector<Seen> failed(CloseCode code) {
  return {{Kind::kFailed, static_cast<std::uint16_t>(code), ""}};
}

// The verdict must not depend on where the stream is cut.
void expect_however_cut(const std::string& bytes, const std::vector<Seen>& expected) {
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5},
                                  std::size_t{7}, std::size_t{13}}) {
    EXPECT_EQ(parse(bytes, piece), expected) << "in pieces of " << piece;
  }
}

TEST(FrameParser, ReadsTheExampleOfRfc6455) {
  expect_however_cut("\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", {{Kind::kText, 0, "Hello"}});
}

TEST(FrameParser, ShowsWholeFramesWhereTheyLie) {
  FrameParser parser(kOptions);
  std::string buffer = client(Opcode::kText, "4first") + client(Opcode::kBinary, "second");
  std::span<char> input(buffer);
  const Incoming first = parser.next(input);
  EXPECT_EQ(first.payload, "4first");
  EXPECT_GE(first.payload.data(), buffer.data());
  EXPECT_LT(first.payload.data(), buffer.data() + buffer.size());
  EXPECT_EQ(parser.next(input).payload, "second");
  EXPECT_EQ(parser.heap_bytes(), 0u);
}

TEST(FrameParser, ReadsManyFramesOfAllLengthForms) {
  const ParserOptions options{.max_message_bytes = 100'000};
  std::string bytes;
  std::vector<Seen> expected;
  for (const std::size_t length : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 125u, 126u, 127u, 65535u, 65536u, 100'000u}) {
    bytes += client(Opcode::kBinary, std::string(length, 'x')) + client(Opcode::kText, "é");
    expected.push_back({Kind::kBinary, 0, std::string(length, 'x')});
    expected.push_back({Kind::kText, 0, "é"});
  }
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{999}, std::size_t{65536}}) {
    EXPECT_EQ(parse(bytes, piece, options), expected);
  }
}

TEST(FrameParser, ReassemblesFragmentsWithControlFramesBetween) {
  expect_however_cut(client(Opcode::kText, "one ", false) + client(Opcode::kPing, "are you there") +
                         client(Opcode::kContinuation, "", false) + client(Opcode::kPong, "") +
                         client(Opcode::kContinuation, "two") + client(Opcode::kBinary, "next"),
                     {{Kind::kPing, 0, "are you there"},
                      {Kind::kPong, 0, ""},
                      {Kind::kText, 0, "one two"},
                      {Kind::kBinary, 0, "next"}});
  expect_however_cut(client(Opcode::kText, "", false) + client(Opcode::kContinuation, ""), {{Kind::kText, 0, ""}});
}

TEST(FrameParser, FailsWith1002OnEveryProtocolError) {
  const std::string unmasked("\x81\x05Hello");
  const std::string non_minimal_16 = std::string("\x82\xFE\x00\x05", 4) + "mask" + "12345";
  const std::string non_minimal_64 = std::string("\x82\xFF\0\0\0\0\0\0\x01\x00", 10) + "mask";
  for (const std::string& bytes : {unmasked,
                                   std::string("\xC1\x80mask"),
                                   std::string("\xA1\x80mask"),
                                   std::string("\x91\x80mask"),
                                   client(static_cast<Opcode>(3), ""),
                                   client(static_cast<Opcode>(7), ""),
                                   client(static_cast<Opcode>(11), ""),
                                   client(static_cast<Opcode>(15), ""),
                                   client(Opcode::kContinuation, "stray"),
                                   client(Opcode::kPing, "", false),
                                   client(Opcode::kClose, "", false),
                                   std::string("\x89\xFE\x00\x7E", 4) + "mask",
                                   client(Opcode::kText, "a", false) + client(Opcode::kText, "b"),
                                   client(Opcode::kText, "a", false) + client(Opcode::kBinary, "b", false),
                                   client(Opcode::kClose, "x"),
                                   non_minimal_16,
                                   non_minimal_64,
                                   close_frame(1005),
                                   close_frame(999),
                                   close_frame(5000)}) {
    expect_however_cut(bytes, failed(CloseCode::kProtocolError));
  }
}

TEST(FrameParser, FindsProtocolErrorsBeforeTheRestOfTheHeaderComes) {
  EXPECT_EQ(parse("\xC1"), failed(CloseCode::kProtocolError));
  EXPECT_EQ(parse("\x83"), failed(CloseCode::kProtocolError));
  EXPECT_EQ(parse(std::string("\x81\x05", 2)), failed(CloseCode::kProtocolError));
}

TEST(FrameParser, BoundsMessagesAtTheLimitAndOneAbove) {
  EXPECT_EQ(parse(client(Opcode::kBinary, std::string(1000, 'x'))).front().kind, Kind::kBinary);
  expect_however_cut(client(Opcode::kBinary, std::string(1001, 'x')), failed(CloseCode::kTooBig));
  expect_however_cut(
      client(Opcode::kText, std::string(600, 'x'), false) + client(Opcode::kContinuation, std::string(401, 'x')),
      failed(CloseCode::kTooBig));
  EXPECT_EQ(
      parse(client(Opcode::kText, std::string(600, 'x'), false) + client(Opcode::kContinuation, std::string(400, 'x')))
          .front()
          .payload.size(),
      1000u);
  // Announced, not sent: nothing is allocated for it.
  EXPECT_EQ(parse(std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask", 14)), failed(CloseCode::kTooBig));
  EXPECT_EQ(parse(std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask", 14)), failed(CloseCode::kTooBig));
}

TEST(FrameParser, BoundsFragmentsAtTheLimitAndOneAbove) {
  const auto fragmented = [](int frames) {
    std::string bytes = client(Opcode::kText, "a", false);
    for (int i = 2; i < frames; ++i) bytes += client(Opcode::kContinuation, "b", false);
    return bytes + client(Opcode::kContinuation, "c");
  };
  EXPECT_EQ(parse(fragmented(4)), (std::vector<Seen>{{Kind::kText, 0, "abbc"}}));
  EXPECT_EQ(parse(fragmented(5)), failed(CloseCode::kPolicy));
  EXPECT_EQ(parse(fragmented(2) + fragmented(4)).size(), 2u);  // counted per message
}

TEST(FrameParser, FailsWith1007OnTextThatIsNotUtf8) {
  for (const char* text : {"\xFF", "ab\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "cut \xE2\x82"}) {
    expect_however_cut(client(Opcode::kText, text), failed(CloseCode::kInvalidUtf8));
    expect_however_cut(client(Opcode::kText, "good ", false) + client(Opcode::kContinuation, text),
                       failed(CloseCode::kInvalidUtf8));
    expect_however_cut(client(Opcode::kBinary, text), {{Kind::kBinary, 0, text}});
  }
  expect_however_cut(client(Opcode::kText, "\xE2\x82", false) + client(Opcode::kContinuation, "\xAC"),
                     {{Kind::kText, 0, "€"}});
}

TEST(FrameParser, FindsBadTextBeforeTheFrameIsWhole) {
  const std::string bytes = client(Opcode::kText, "ab\xFF" + std::string(500, 'x'));
  EXPECT_EQ(parse(bytes.substr(0, 4 + 4 + 3)), failed(CloseCode::kInvalidUtf8));
  EXPECT_TRUE(parse(bytes.substr(0, 4 + 4 + 2)).empty());
}

TEST(FrameParser, ReadsCloseFramesAndNothingAfterThem) {
  expect_however_cut(client(Opcode::kClose, "") + client(Opcode::kText, "late"), {{Kind::kClose, 0, ""}});
  expect_however_cut(close_frame(1000) + "\xFF\xFF", {{Kind::kClose, 1000, ""}});
  expect_however_cut(close_frame(4999, "bye é"), {{Kind::kClose, 4999, "bye é"}});
  expect_however_cut(close_frame(1000, "\xFF"), failed(CloseCode::kInvalidUtf8));
  expect_however_cut(client(Opcode::kText, "unfinished", false) + close_frame(1001, std::string(123, 'r')),
                     {{Kind::kClose, 1001, std::string(123, 'r')}});
}

TEST(FrameParser, OwnsABufferOnlyWhileSomethingIsIncomplete) {
  FrameParser parser(kOptions);
  const std::string bytes = client(Opcode::kText, "12345678901234567890");
  std::string head = bytes.substr(0, 15);
  std::string tail = bytes.substr(15);
  std::span<char> input(head);
  EXPECT_EQ(parser.next(input).kind, Kind::kNeedMore);
  EXPECT_TRUE(parser.mid_message());
  EXPECT_GT(parser.heap_bytes(), 0u);
  EXPECT_LT(parser.heap_bytes(), 100u);
  input = tail;
  EXPECT_EQ(parser.next(input).payload, "12345678901234567890");
  EXPECT_EQ(parser.next(input).kind, Kind::kNeedMore);
  EXPECT_EQ(parser.heap_bytes(), 0u);
  EXPECT_FALSE(parser.mid_message());
}

TEST(FrameParser, ReadsWhatAServerWritesInTheClientRole) {
  const ParserOptions options{.role = Role::kClient};
  std::string bytes;
  append_frame(bytes, Opcode::kText, "4hello");
  append_frame(bytes, Opcode::kPing, "");
  append_close(bytes, 1001, "bye");
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{3}}) {
    EXPECT_EQ(parse(bytes, piece, options),
              (std::vector<Seen>{{Kind::kText, 0, "4hello"}, {Kind::kPing, 0, ""}, {Kind::kClose, 1001, "bye"}}));
  }
  EXPECT_EQ(parse(client(Opcode::kText, "x"), std::string::npos, options), failed(CloseCode::kProtocolError));
}

TEST(FrameParser, RoundTripsRandomMessagesInRandomPieces) {
  base::SeededRandom random(9);
  const auto below = [&](std::uint64_t bound) { return static_cast<std::size_t>(random.next() % bound); };
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    std::vector<Seen> expected;
    for (std::size_t messages = 1 + below(6); messages > 0; --messages) {
      const std::string content = random.bytes(below(300));
      Opcode opcode = Opcode::kBinary;
      const std::size_t cut = below(content.size() + 1);
      if (below(2) == 0) {
        bytes += client(opcode, content.substr(0, cut), false);
        opcode = Opcode::kContinuation;
        if (below(2) == 0) {
          const std::string ping = random.bytes(below(126));
          bytes += client(Opcode::kPing, ping);
          expected.push_back({Kind::kPing, 0, ping});
        }
      }
      bytes += client(opcode, opcode == Opcode::kBinary ? content : content.substr(cut));
      expected.push_back({Kind::kBinary, 0, content});
    }
    EXPECT_EQ(parse(bytes, 1 + below(400)), expected);
  }
}

}  // namespace
}  // namespace websocket_codec
