#include "client/cli/deadline.h"

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

google::protobuf::Timestamp Now() {
  google::protobuf::Timestamp now;
  now.set_seconds(1000);
  now.set_nanos(500'000'000);
  return now;
}

TEST(Deadline, IsALengthFromNow) {
  const auto seconds = [](const std::string& text) {
    return ParseDeadline(text, Now()).value().seconds();
  };
  EXPECT_EQ(seconds("+90s"), 1090);
  EXPECT_EQ(seconds("+15m"), 1000 + 900);
  EXPECT_EQ(seconds("+2h"), 1000 + 7200);
  EXPECT_EQ(seconds("+1d"), 1000 + 86400);
  EXPECT_EQ(seconds("+0s"), 1000);
}

TEST(Deadline, MayBeAFractionOfAUnit) {
  const google::protobuf::Timestamp deadline =
      ParseDeadline("+0.75s", Now()).value();
  EXPECT_EQ(deadline.seconds(), 1001);
  EXPECT_EQ(deadline.nanos(), 250'000'000);
}

TEST(Deadline, IsRfc3339InAnyZone) {
  const auto seconds = [](const std::string& text) {
    return ParseDeadline(text, Now()).value().seconds();
  };
  EXPECT_EQ(seconds("1970-01-01T00:01:00Z"), 60);
  EXPECT_EQ(seconds("1970-01-01T02:01:00+02:00"), 60);
}

TEST(Deadline, RefusesAnythingElse) {
  for (const char* text : {"",
                           "+",
                           "+s",
                           "+5",
                           "5m",
                           "+5 m",
                           "+-5m",
                           "-5m",
                           "+5x",
                           "+5mm",
                           "+nans",
                           "+infs",
                           "+1e9d",
                           "+99999999d",
                           "tomorrow",
                           "2026-03-01"}) {
    EXPECT_EQ(ExitCodeOf(ParseDeadline(text, Now()).status()), kExitUsage)
        << text;
  }
}

}  // namespace
}  // namespace modbound
