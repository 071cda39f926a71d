#include "client/cli/inputs.h"

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(ParseFrom, NamesAJobOrOneOfItsOutputs) {
  const v1::Array whole = ParseFrom("01AB").value();
  EXPECT_EQ(whole.output().job(), "01AB");
  EXPECT_EQ(whole.output().output(), "");
  const v1::Array one = ParseFrom("01AB/variables/choice").value();
  EXPECT_EQ(one.output().job(), "01AB");
  EXPECT_EQ(one.output().output(), "variables/choice");
}

TEST(ParseFrom, RefusesAMissingPart) {
  for (const char* text : {"", "/", "/labels", "01AB/"}) {
    EXPECT_EQ(ExitCodeOf(ParseFrom(text).status()), kExitUsage) << text;
  }
}

TEST(ParseAssignment, SplitsAtTheFirstEqualsSign) {
  const Assignment assignment = ParseAssignment("--label", "a=b=c").value();
  EXPECT_EQ(assignment.key, "a");
  EXPECT_EQ(assignment.value, "b=c");
  EXPECT_EQ(ParseAssignment("--label", "a=").value().value, "");
  EXPECT_FALSE(ParseAssignment("--label", "a").ok());
  EXPECT_FALSE(ParseAssignment("--label", "=b").ok());
}

TEST(ReadInputs, RefusesANameTwice) {
  v1::Job job;
  EXPECT_EQ(ExitCodeOf(ReadInputs({}, {"a=1", "a=2"}, job).status()),
            kExitUsage);
  EXPECT_EQ(ExitCodeOf(ReadInputs({"a=x.npy"}, {"a=2"}, job).status()),
            kExitUsage);
}

TEST(ReadInputs, NamesTheInputOfAnUnreadableFile) {
  v1::Job job;
  const absl::Status status =
      ReadInputs({"matrix=/none.npy"}, {}, job).status();
  EXPECT_EQ(FieldOf(status), "inputs.matrix");
  EXPECT_EQ(ExitCodeOf(status), kExitUsage);
}

TEST(ReadInputs, WritesReferencesIntoTheJob) {
  v1::Job job;
  ASSERT_TRUE(ReadInputs({}, {"network=J", "labels=K/labels"}, job).ok());
  EXPECT_EQ(job.inputs().at("network").output().job(), "J");
  EXPECT_EQ(job.inputs().at("labels").output().output(), "labels");
}

}  // namespace
}  // namespace modbound
