#include "client/cli/json_text.h"

#include <string>

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

std::string MessageFor(const std::string& text) {
  const absl::StatusOr<Json> json = ParseJson(text);
  EXPECT_EQ(ExitCodeOf(json.status()), kExitUsage) << text;
  return MessageOf(json.status());
}

TEST(ParseJson, NamesLineAndColumnOfASlip) {
  const std::string message = MessageFor("{\n  \"seed\": 1,\n  seed\n}");
  EXPECT_NE(message.find("line 3, column 3"), std::string::npos) << message;
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  for (const char* text : {"",
                           " \n",
                           "{",
                           "{} {}",
                           "{'seed': 1}",
                           "{\"seed\": 1,}",
                           "// c\n{}",
                           "{\"seed\": NaN}",
                           "{\"a\": \"\xff\"}",
                           "{\"a\": 1e999}",
                           "nul"}) {
    MessageFor(text);
  }
}

TEST(ParseJson, RefusesAKeyTwiceInOneObject) {
  EXPECT_EQ(MessageFor(R"({"seed": 1, "seed": 2})"),
            "\"seed\" comes twice in one object");
  EXPECT_EQ(MessageFor(R"({"": 1, "": 2})"), "\"\" comes twice in one object");
  EXPECT_TRUE(ParseJson(R"({"a": {"seed": 1}, "b": {"seed": 1}})").ok());
}

TEST(ParseJson, SurvivesDeepNesting) {
  const std::string deep(100000, '[');
  MessageFor(deep);
}

TEST(ReadText, RefusesAMissingFile) {
  EXPECT_EQ(ExitCodeOf(ReadText("/no/such/file").status()), kExitUsage);
  EXPECT_EQ(ExitCodeOf(ReadText("/").status()), kExitUsage);
}

}  // namespace
}  // namespace modbound
