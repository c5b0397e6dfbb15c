#include "chat/rules/account_fields.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Username, HasThreeToThirtyTwoCharactersOfItsAlphabet) {
  EXPECT_TRUE(chat::is_username("abc"));
  EXPECT_TRUE(chat::is_username("A.b_c-9"));
  EXPECT_TRUE(chat::is_username(std::string(32, 'a')));
  EXPECT_FALSE(chat::is_username("ab"));
  EXPECT_FALSE(chat::is_username(std::string(33, 'a')));
  EXPECT_FALSE(chat::is_username("a b c"));
  EXPECT_FALSE(chat::is_username("\xC3\xA4\xC3\xB6\xC3\xBC"));
  EXPECT_FALSE(chat::is_username(std::string_view("ab\0c", 4)));
}

TEST(Email, NeedsALocalPartAndAHostWithADot) {
  EXPECT_TRUE(chat::is_email("a@b.c"));
  EXPECT_TRUE(chat::is_email("first.last+tag@mail.example.org"));
  for (const char* wrong : {"", "a", "@b.c", "a@", "a@b", "a@b..c", "a@.b.c", "a@b.c.", "a b@c.d", "a@@b.c",
                            "a@b.c@d.e", ".a@b.c", "a..b@c.d", "a@-b.c", "<a@b.c>", "a@b.c\r\nx"}) {
    EXPECT_FALSE(chat::is_email(wrong)) << wrong;
  }
  EXPECT_TRUE(chat::is_email(std::string(64, 'a') + "@b.c"));
  EXPECT_FALSE(chat::is_email(std::string(65, 'a') + "@b.c"));
}

TEST(Password, IsCountedInCharactersNotBytes) {
  EXPECT_FALSE(chat::is_password("1234567"));
  EXPECT_TRUE(chat::is_password("12345678"));
  EXPECT_TRUE(chat::is_password(std::string(128, 'x')));
  EXPECT_FALSE(chat::is_password(std::string(129, 'x')));
  std::string umlauts;
  for (int i = 0; i < 7; ++i) umlauts += "\xC3\xA4";
  EXPECT_FALSE(chat::is_password(umlauts));
  EXPECT_TRUE(chat::is_password(umlauts + "\xC3\xA4"));
  EXPECT_FALSE(chat::is_password("1234567\xFF"));
  EXPECT_FALSE(chat::is_password("1234567\n"));
}

TEST(FoldCase, TouchesAsciiLettersOnly) {
  EXPECT_EQ(chat::fold_case("Ab-Z9\xC3\x84"), "ab-z9\xC3\x84");
}

}  // namespace
