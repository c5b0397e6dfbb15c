#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace base {
namespace {

TEST(Utf8, AcceptsTheFirstAndLastCharacterOfEveryLength) {
  for (const std::uint32_t code_point :
       {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, code_point);
    EXPECT_TRUE(is_valid_utf8(text)) << code_point;
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatLiesBeyond) {
  for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\x80", "\xC3", "\xE2\x82", "\xC3\x28"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(std::string(text));
  }
}

TEST(Utf8, WritesSurrogatesAndOutOfRangeValuesAsTheReplacementCharacter) {
  std::string text;
  append_utf8(text, 0xD800);
  append_utf8(text, 0x110000);
  EXPECT_EQ(text, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8Stream, FailsOnTheFirstByteThatCannotBeContinued) {
  Utf8Stream stream;
  EXPECT_TRUE(stream.feed("\xED"));
  EXPECT_FALSE(stream.feed("\xA0"));  // would be a surrogate, known before the third byte
}

TEST(Utf8Stream, CarriesACutCharacterAcrossPieces) {
  Utf8Stream stream;
  EXPECT_TRUE(stream.feed("ab\xF0\x9F"));
  EXPECT_FALSE(stream.complete());
  EXPECT_TRUE(stream.feed("\x98"));
  EXPECT_TRUE(stream.feed("\x80!"));
  EXPECT_TRUE(stream.complete());
}

TEST(Utf8Stream, GivesTheSameVerdictHoweverTheTextIsCut) {
  SeededRandom random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t i = random.next() % 12; i > 0; --i) {
      append_utf8(text, static_cast<std::uint32_t>(random.next() % 0x110000) >> (random.next() % 17));
    }
    if (!text.empty() && random.next() % 2 == 0) text[random.next() % text.size()] = static_cast<char>(random.next());
    Utf8Stream stream;
    bool good = true;
    for (const char& byte : text) good = good && stream.feed({&byte, 1});
    EXPECT_EQ(good && stream.complete(), is_valid_utf8(text));
  }
}

TEST(Utf8, CountsTheAsciiPrefixAcrossWordBorders) {
  for (std::size_t length = 0; length < 40; ++length) {
    EXPECT_EQ(ascii_prefix(std::string(length, 'a') + "\x80zzzzzzzzz"), length);
    EXPECT_EQ(ascii_prefix(std::string(length, 'a')), length);
  }
}

}  // namespace
}  // namespace base
