#include "server/jobs/text_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace modbound {
namespace {

TEST(TextRules, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCharacters(""), 0);
  EXPECT_EQ(CountCharacters("abc"), 3);
  // One character each of two, three and four bytes.
  EXPECT_EQ(CountCharacters("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 3);
}

TEST(TextRules, RefusesControlCharacters) {
  EXPECT_EQ(CountCharacters(std::string("a\0b", 3)), -1);
  EXPECT_EQ(CountCharacters("a\nb"), -1);
  EXPECT_EQ(CountCharacters("\x7f"), -1);
  EXPECT_EQ(CountCharacters("\xc2\x85"), -1);  // U+0085, next line
  EXPECT_EQ(CountCharacters("\xc2\xa0"), 1);   // U+00A0 is none
}

TEST(TextRules, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(CountCharacters("\x80"), -1);              // no lead
  EXPECT_EQ(CountCharacters("\xc3"), -1);              // cut off
  EXPECT_EQ(CountCharacters("\xc3z"), -1);             // no continuation
  EXPECT_EQ(CountCharacters("\xc0\xaf"), -1);          // overlong '/'
  EXPECT_EQ(CountCharacters("\xe0\x80\xaf"), -1);      // overlong '/'
  EXPECT_EQ(CountCharacters("\xed\xa0\x80"), -1);      // surrogate
  EXPECT_EQ(CountCharacters("\xf4\x90\x80\x80"), -1);  // beyond U+10FFFF
  EXPECT_EQ(CountCharacters("\xff"), -1);
}

TEST(TextRules, NamesFieldAndAllowedLength) {
  EXPECT_TRUE(CheckText("abc", 1, 3, "f").ok());
  const absl::Status error = CheckText("abcd", 1, 3, "job.labels");
  EXPECT_EQ(ReasonOf(error), "BAD_TEXT");
  EXPECT_EQ(FieldOf(error), "job.labels");
  EXPECT_EQ(error.message(),
            "job.labels has 4 characters; allowed: 1 to 3 printable "
            "characters");
}

TEST(TextRules, PrintableTextKeepsWholeCharacters) {
  EXPECT_EQ(PrintableText("a\xc3\xa4z", 4), "a\xc3\xa4z");
  EXPECT_EQ(PrintableText("a\xc3\xa4z", 3), "a\xc3\xa4");
  EXPECT_EQ(PrintableText("a\xc3\xa4z", 2), "a");
  // Broken off, overlong, a surrogate, C1 controls, a lone end.
  for (const char* bad : {"\xc3", "\xc0\x80", "\xed\xa0\x80", "\x80"}) {
    EXPECT_GE(CountCharacters(PrintableText(bad, 100)), 1) << bad;
    EXPECT_EQ(PrintableText(bad, 100),
              std::string(std::string(bad).size(), '?'));
  }
  EXPECT_EQ(PrintableText("\xc2\x85\t\x1b", 100), "?? ?");
}

TEST(TextRules, NodeNamesAreShortAndPlain) {
  EXPECT_TRUE(IsNodeName("train_1.a-B"));
  EXPECT_TRUE(IsNodeName(std::string(64, 'x')));
  EXPECT_FALSE(IsNodeName(std::string(65, 'x')));
  EXPECT_FALSE(IsNodeName(""));
  EXPECT_FALSE(IsNodeName("a/b"));
  EXPECT_FALSE(IsNodeName("\xc3\xa4"));
}

TEST(TextRules, NodeNamesAreNoFoldersOfTheSystem) {
  EXPECT_FALSE(IsNodeName("."));
  EXPECT_FALSE(IsNodeName(".."));
  EXPECT_FALSE(IsNodeName("..."));
  EXPECT_TRUE(IsNodeName(".train"));
  EXPECT_TRUE(IsNodeName("train.."));
}

}  // namespace
}  // namespace modbound
