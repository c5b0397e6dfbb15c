#include "base/base64.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace base {
namespace {

std::string encoded(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  append_base64_decoded(out, text);
  return out;
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const char* pairs[][2] = {{"", ""},
                            {"f", "Zg=="},
                            {"fo", "Zm8="},
                            {"foo", "Zm9v"},
                            {"foob", "Zm9vYg=="},
                            {"fooba", "Zm9vYmE="},
                            {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : pairs) {
    EXPECT_EQ(encoded(plain), text);
    EXPECT_EQ(decoded(text), plain);
    EXPECT_EQ(encoded(plain).size(), base64_size(std::string_view(plain).size()));
  }
}

TEST(Base64, DecodesAsLenientlyAsNode) {
  EXPECT_EQ(decoded("AQ"), "\x01");
  EXPECT_EQ(decoded("A"), "");
  EXPECT_EQ(decoded("AQI"), "\x01\x02");
  EXPECT_EQ(decoded("A Q\nI"), "\x01\x02");
  EXPECT_EQ(decoded("-_-_"), "\xFB\xFF\xBF");
  EXPECT_EQ(decoded("AQ==AQ=="), "\x01");
  EXPECT_EQ(decoded("AQ=QQQQQ"), "\x01");
  EXPECT_EQ(decoded("=AQ="), "");
  EXPECT_EQ(decoded("!!AQ!!ID"), "\x01\x02\x03");
}

TEST(Base64, RoundTripsAllLengthsAndKeepsWhatWasThere) {
  SeededRandom random(3);
  for (std::size_t length = 0; length < 200; ++length) {
    const std::string bytes = random.bytes(length);
    std::string out = "kept";
    append_base64_decoded(out, encoded(bytes));
    EXPECT_EQ(out, "kept" + bytes);
  }
}

}  // namespace
}  // namespace base
