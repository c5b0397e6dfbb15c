#include "socketio/engineio/http_parser.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

constexpr std::size_t kBodyLimit = 10;
constexpr std::size_t kByteByByte = 1;
constexpr std::size_t kInOnePiece = 1'000'000;

struct Outcome {
  HttpParser::State state;
  int status;
  std::size_t used;
};

/// Feeds `bytes` in pieces of `step`, keeping what was not consumed, as a connection does.
Outcome parse(HttpParser& parser, std::string_view bytes, std::size_t step = kInOnePiece) {
  std::string waiting;
  std::size_t used_in_all = 0;
  while (!bytes.empty() && parser.state() != HttpParser::State::kDone && parser.state() != HttpParser::State::kFailed) {
    waiting.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (!waiting.empty()) {
      const std::size_t used = parser.feed(waiting);
      waiting.erase(0, used);
      used_in_all += used;
      if (parser.state() == HttpParser::State::kHeadDone) {
        parser.accept_body(kBodyLimit);
        continue;
      }
      if (used == 0 || parser.state() == HttpParser::State::kDone) break;
    }
  }
  return {parser.state(), parser.status(), used_in_all};
}

int refusal_of(std::string_view bytes, std::size_t step = kInOnePiece) {
  const HttpLimits limits;
  HttpParser parser(limits);
  const auto outcome = parse(parser, bytes, step);
  return outcome.state == HttpParser::State::kFailed ? outcome.status : 0;
}

TEST(HttpParser, ReadsARequestInOnePieceOrByteByByte) {
  const std::string request = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Thing:  y \r\nContent-Length: 5\r\n\r\nhello";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, request.size()}) {
    const HttpLimits limits;
    HttpParser parser(limits);
    const auto outcome = parse(parser, request, step);
    ASSERT_EQ(outcome.state, HttpParser::State::kDone) << step;
    EXPECT_EQ(outcome.used, request.size());
    EXPECT_EQ(parser.head().method, "POST");
    EXPECT_EQ(parser.head().target, "/a?b=c");
    EXPECT_EQ(parser.head().header("x-thing"), "y");
    EXPECT_TRUE(parser.head().keep_alive);
    EXPECT_FALSE(parser.head().upgrade);
    EXPECT_EQ(parser.body(), "hello");
  }
}

TEST(HttpParser, LeavesThePipelinedRequestAlone) {
  const HttpLimits limits;
  HttpParser parser(limits);
  const std::string first = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto outcome = parse(parser, first + "GET /2 HTTP/1.1\r\n");
  EXPECT_EQ(outcome.state, HttpParser::State::kDone);
  EXPECT_EQ(outcome.used, first.size());
}

void expect_chunked_body(const std::string& chunks, const std::string& body) {
  const std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
  for (std::size_t step = 1; step <= request.size(); ++step) {
    const HttpLimits limits;
    HttpParser parser(limits);
    const auto outcome = parse(parser, request, step);
    ASSERT_EQ(outcome.state, HttpParser::State::kDone) << step;
    EXPECT_EQ(outcome.used, request.size());
    EXPECT_EQ(parser.body(), body);
  }
}

TEST(HttpParser, ReadsChunkedBodiesHoweverTheyWereCut) {
  expect_chunked_body("3\r\nabc\r\n2;a=b\r\nde\r\n0\r\n\r\n", "abcde");
  expect_chunked_body("0\r\n\r\n", "");
}

TEST(HttpParser, RefusesALongTrailerHoweverItWasCut) {
  const HttpLimits limits;
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  // The last sizes are beyond what Beast can hold in a field.
  for (const std::size_t size : {limits.headers, std::size_t{0xFFFE}, std::size_t{0x20000}}) {
    for (const std::string& field : {"X: " + std::string(size, 'a'), std::string(size, 'a') + ": x"}) {
      for (const std::string& chunks : {std::string("0\r\n"), std::string("5\r\nhello\r\n0\r\n")}) {
        HttpParser parser(limits);
        const auto outcome = parse(parser, head + chunks + field + "\r\n\r\n");
        EXPECT_EQ(outcome.state, HttpParser::State::kFailed) << size;
        EXPECT_EQ(outcome.status, 400) << size;
      }
    }
  }
}

TEST(HttpParser, RefusesALongChunkHeaderHoweverItWasCut) {
  const HttpLimits limits;
  const std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5555555555555555;a=\"\r\n" +
      std::string(limits.headers, 'a');
  EXPECT_EQ(refusal_of(request), 400);
  EXPECT_EQ(refusal_of(request, kByteByByte), 400);
}

TEST(HttpParser, ReadsManyChunksThatCameTogether) {
  HttpLimits limits;
  limits.headers = 64;
  std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  constexpr std::size_t kChunks = 300;
  std::string expected;
  for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
    const std::string content(1 + chunk % 9, static_cast<char>('0' + chunk % 10));
    request += std::to_string(content.size()) + ";name=value\r\n" + content + "\r\n";
    expected += content;
  }
  request += "0\r\nX: " + std::string(limits.headers / 2, 'a') + "\r\n\r\n";
  HttpParser parser(limits);
  std::size_t used = parser.feed(request);
  ASSERT_EQ(parser.state(), HttpParser::State::kHeadDone);
  parser.accept_body(expected.size());
  used += parser.feed(std::string_view(request).substr(used));
  ASSERT_EQ(parser.state(), HttpParser::State::kDone) << parser.status();
  EXPECT_EQ(used, request.size());
  EXPECT_EQ(parser.body(), expected);
}

TEST(HttpParser, KnowsUpgradesAndExpectations) {
  const HttpLimits limits;
  HttpParser upgrade(limits);
  parse(upgrade, "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(upgrade.state(), HttpParser::State::kDone);
  EXPECT_TRUE(upgrade.head().upgrade);
  HttpParser expects(limits);
  parse(expects, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(expects.head().expects_continue);
  EXPECT_EQ(expects.state(), HttpParser::State::kBody);
}

TEST(HttpParser, KeepsHttp10OpenOnlyWhenAsked) {
  const HttpLimits limits;
  HttpParser plain(limits);
  parse(plain, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(plain.state(), HttpParser::State::kDone);
  EXPECT_FALSE(plain.head().keep_alive);
  HttpParser asked(limits);
  parse(asked, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(asked.head().keep_alive);
}

TEST(HttpParser, RefusesWhatTwoReadersCouldReadDifferently) {
  const std::string start = "POST / HTTP/1.1\r\n";
  const std::string host = "Host: x\r\n";
  EXPECT_EQ(refusal_of(start + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length: 3, 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length: +3\r\n\r\nabc"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length: 99999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "Transfer-Encoding: xchunked\r\n\r\n"), 501);
  EXPECT_EQ(refusal_of(start + host + "Transfer-Encoding: chunked, identity\r\n\r\n"), 501);
  EXPECT_EQ(refusal_of(start + host + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(refusal_of(start + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "X: a\r\n b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "Content-Length : 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refusal_of(start + host + "X: a\rb\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + "X: a\nY: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of(start + host + std::string("X: a\0b\r\n\r\n", 10)), 400);
  EXPECT_EQ(refusal_of(start + "\r\n"), 400) << "no Host";
  EXPECT_EQ(refusal_of(start + host + host + "\r\n"), 400) << "two Hosts";
  EXPECT_EQ(refusal_of(start + "Host: a b\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesBadRequestLines) {
  EXPECT_EQ(refusal_of("GET /\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("G@T / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(refusal_of("GET / FTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET * HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
  EXPECT_EQ(refusal_of(std::string("\x16\x03\x01\x02\x00\r\n\r\n", 9)), 400);
}

TEST(HttpParser, NamesWhatWasAskedForAlsoWhenItIsRefused) {
  const auto names = [](std::string_view bytes) {
    const auto [method, target] = request_names(bytes, 4);
    return std::string(method) + "|" + std::string(target);
  };
  EXPECT_EQ(names("GET /a HTTP/1.1\r\nX"), "GET|/a");
  EXPECT_EQ(names("GET /a HTTP/9"), "GET|/a");
  EXPECT_EQ(names("GET /a b HTTP/1.1\r\n"), "GET|/a");
  EXPECT_EQ(names("GET /a\r"), "GET|/a");
  EXPECT_EQ(names("GET /a\n"), "GET|/a");
  EXPECT_EQ(names(std::string(31, 'A') + " /a\r\n"), std::string(31, 'A') + "|/a");
  EXPECT_EQ(names(std::string(32, 'A') + " /a\r\n"), "|");
  EXPECT_EQ(names("GET /a"), "|") << "more of it may come";
  EXPECT_EQ(names("GET /abc"), "GET|/abc") << "more than it may have anyway";
  for (const char* nameless :
       {"", "GET", "GET ", "GET  HTTP/1.1\r\n", " /a HTTP/1.1\r\n", "G(T /a HTTP/1.1\r\n", "\r\nGET /a H"})
    EXPECT_EQ(names(nameless), "|") << nameless;
  const HttpLimits limits;
  HttpParser parser(limits);
  parse(parser, "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", kByteByByte);
  EXPECT_EQ(parser.head().method + parser.head().target, "PUT/a");
}

TEST(HttpParser, BoundsTheTargetAtItsLimit) {
  const HttpLimits limits;
  const auto request = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  };
  EXPECT_EQ(refusal_of(request(limits.url)), 0);
  EXPECT_EQ(refusal_of(request(limits.url + 1)), 414);
  EXPECT_EQ(refusal_of(request(limits.url * 100)), 414);
  EXPECT_EQ(refusal_of("GET /" + std::string(limits.url * 2, 'a')), 414) << "not even a line end";
}

TEST(HttpParser, BoundsHeaderLinesAndBytes) {
  const HttpLimits limits;
  const auto lines = [](std::size_t count) {
    std::string out = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (std::size_t i = 1; i < count; ++i) out += "A: b\r\n";
    return out + "\r\n";
  };
  EXPECT_EQ(refusal_of(lines(limits.header_lines)), 0);
  EXPECT_EQ(refusal_of(lines(limits.header_lines + 1)), 431);
  EXPECT_EQ(refusal_of(lines(limits.header_lines * 100)), 431);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(limits.headers + limits.url, 'a')), 431);
  const auto block = [](std::size_t size) {
    const std::string host = "Host: x\r\nX: ";
    return "GET / HTTP/1.1\r\n" + host + std::string(size - host.size() - 2, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(refusal_of(block(limits.headers)), 0);
  EXPECT_EQ(refusal_of(block(limits.headers + 1)), 431) << "what the request line leaves of its limit is not theirs";
}

TEST(HttpParser, AnswersALimitAlikeHoweverTheBytesWereCut) {
  const HttpLimits limits;
  const std::string long_and_broken = "GET " + std::string(limits.url * 2, '/') + "\r\n\r\n";
  EXPECT_EQ(refusal_of(long_and_broken), 414);
  EXPECT_EQ(refusal_of(long_and_broken, kByteByByte), 414);
  const std::string many_and_broken =
      "GET / HTTP/1.1\r\nno header\r\nX: " + std::string(limits.url + limits.headers, 'a') + "\r\n\r\n";
  EXPECT_EQ(refusal_of(many_and_broken), 431);
  EXPECT_EQ(refusal_of(many_and_broken, kByteByByte), 431);
}

TEST(HttpParser, BoundsBodiesInclusively) {
  const auto fixed = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'a');
  };
  EXPECT_EQ(refusal_of(fixed(kBodyLimit)), 0);
  EXPECT_EQ(refusal_of(fixed(kBodyLimit + 1)), 413);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal_of(chunked + "a\r\n0123456789\r\n0\r\n\r\n"), 0);
  EXPECT_EQ(refusal_of(chunked + "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of(chunked + "zz\r\n"), 400);
}

}  // namespace
}  // namespace engineio
