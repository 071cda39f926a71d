#include "client/cli/one_line.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr char kReplacement[] = "\xef\xbf\xbd";  // U+FFFD

TEST(OneLine, KeepsText) {
  EXPECT_EQ(OneLine(""), "");
  // One character each of one, two, three and four bytes.
  const char* text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(OneLine(text), text);
}

TEST(OneLine, MakesASpaceOfEveryBreakAndControlCharacter) {
  EXPECT_EQ(OneLine("a\nb\r\tc\x1b[31m\x7f"), "a b  c [31m ");
  EXPECT_EQ(OneLine(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(OneLine("a\xc2\x85z"), "a z");         // U+0085, next line
  EXPECT_EQ(OneLine("a\xc2\x9bz"), "a z");         // U+009B, begins an escape
  EXPECT_EQ(OneLine("a\xe2\x80\xa8z"), "a z");     // U+2028, line separator
  EXPECT_EQ(OneLine("a\xc2\xa0z"), "a\xc2\xa0z");  // U+00A0 is none
}

TEST(OneLine, ReplacesEachByteThatIsNotUtf8) {
  for (const char* text : {"\x80", "\xc3", "\xff", "\x9b"}) {
    EXPECT_EQ(OneLine(text), kReplacement) << text;
  }
  EXPECT_EQ(OneLine("a\xc3z"), std::string("a") + kReplacement + "z");
  EXPECT_EQ(OneLine("\xc0\xaf"),  // overlong '/'
            std::string(kReplacement) + kReplacement);
  EXPECT_EQ(OneLine("\xff\n"), std::string(kReplacement) + " ");
}

TEST(IsUtf8, RefusesOverlongSurrogateBeyondAndCutOff) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("\xf4\x8f\xbf\xbf"));   // U+10FFFF
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // U+110000
  EXPECT_FALSE(IsUtf8("\xe0\x80\xaf"));
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80"));
  EXPECT_FALSE(IsUtf8("a\xe2\x82"));
}

TEST(CountColumns, CountsCharactersAndBadBytes) {
  EXPECT_EQ(CountColumns(""), 0u);
  EXPECT_EQ(CountColumns("a\xc3\xa4\xe2\x82\xac"), 3u);
  EXPECT_EQ(CountColumns("\xff\xff"), 2u);
  EXPECT_EQ(CountColumns(OneLine("\xff\n\xc2\x85")), 3u);
}

}  // namespace
}  // namespace modbound
