#include "redis/resp.hpp"

#include <gtest/gtest.h>

namespace redis {
namespace {

Reply read(std::string_view bytes) {
  Parser parser;
  parser.feed(bytes);
  auto reply = parser.next();
  EXPECT_TRUE(reply.ok() && reply->has_value()) << bytes;
  return reply.ok() && *reply ? std::move(**reply) : Reply();
}

TEST(Resp, WritesCommandsAsArraysOfBulkStrings) {
  std::string out;
  append_command(out, {"PUBLISH", "a", std::string_view("\0\r\n", 3)});
  EXPECT_EQ(out, std::string("*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$3\r\n\0\r\n\r\n", 33));
}

TEST(Resp, ReadsEveryKindOfReply) {
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_TRUE(read("-ERR no\r\n").is_error());
  EXPECT_EQ(read(":-7\r\n").integer, -7);
  EXPECT_EQ(read("$3\r\na\r\n\r\n").text, "a\r\n");
  EXPECT_EQ(read("$-1\r\n").kind, ReplyKind::kNull);
  EXPECT_EQ(read("*-1\r\n").kind, ReplyKind::kNull);
  EXPECT_TRUE(read("*0\r\n").elements.empty());
  const Reply nested = read("*3\r\n*1\r\n:1\r\n*0\r\n$1\r\nx\r\n");
  ASSERT_EQ(nested.elements.size(), 3u);
  EXPECT_EQ(nested.elements[0].elements[0].integer, 1);
  EXPECT_EQ(nested.elements[2].text, "x");
}

TEST(Resp, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string_view bytes = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n\r\n\r\n:12\r\n+PONG\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Parser parser;
    std::vector<Reply> replies;
    for (const std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
      parser.feed(part);
      for (auto reply = parser.next(); reply.ok() && *reply; reply = parser.next()) replies.push_back(**reply);
    }
    ASSERT_EQ(replies.size(), 3u) << cut;
    EXPECT_EQ(replies[0].elements[2].text, "\r\n\r\n");
    EXPECT_EQ(replies[1].integer, 12);
    EXPECT_EQ(replies[2].text, "PONG");
  }
}

TEST(Resp, RefusesWhatIsNoReplyAndStaysFailed) {
  for (const std::string_view bytes :
       {"?x\r\n", "+x\n", "\r\n", ":\r\n", ":1x\r\n", "$-2\r\n", "*-2\r\n", "$1\r\nabc"}) {
    Parser parser;
    parser.feed(bytes);
    EXPECT_FALSE(parser.next().ok()) << bytes;
    parser.feed("+OK\r\n");
    EXPECT_FALSE(parser.next().ok()) << bytes;
  }
}

TEST(Resp, KeepsItsLimits) {
  const auto error = [](std::string_view bytes, ReplyLimits limits) {
    Parser parser(limits);
    parser.feed(bytes);
    const auto reply = parser.next();
    return reply.ok() ? std::optional<ParseError>() : reply.error();
  };
  EXPECT_EQ(error("+aaaaaa", {.line_bytes = 4}), ParseError::kTooBig);
  EXPECT_EQ(error("$100\r\n", {.bulk_bytes = 99}), ParseError::kTooBig);
  EXPECT_EQ(error("*3\r\n", {.elements = 2}), ParseError::kTooBig);
  EXPECT_EQ(error("*1\r\n*1\r\n*1\r\n", {.depth = 2}), ParseError::kTooDeep);
  EXPECT_EQ(error("*2\r\n$5\r\naaaaa\r\n$5\r\nbbbbb\r\n", {.total_bytes = 20}), ParseError::kTooBig);
}

}  // namespace
}  // namespace redis
