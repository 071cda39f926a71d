#include "client/cli/inputs.h"

#include <cstdint>
#include <string>
#include <vector>

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

std::string GoldenFile(const std::string& name) {
  return MODBOUND_GOLDEN_DIR "/file_formats/" + name;
}

TEST(FitToKind, MatricesBecomeVectorsWhereTheInputTakesOneAndTheFileHasNone) {
  v1::KindInfo kind;
  const auto add = [&kind](const std::string& name, int axes) {
    v1::KindInfo::Input& input = *kind.add_inputs();
    input.set_name(name);
    for (int i = 0; i < axes; ++i) {
      input.add_axes("N");
    }
    return &input;
  };
  add("matrix", 2);
  add("b_rec", 1);
  add("labels", 2)->add_more_axes()->add_names("N");
  add("variables/*", 1);
  const std::string column = GoldenFile("many5.mat:column");
  v1::Job job;
  InputFiles files = ReadInputs({"matrix=" + column,
                                 "b_rec=" + column,
                                 "labels=" + column,
                                 "variables/x=" + column,
                                 "variables/y=" + GoldenFile("many.h5:column"),
                                 "variables/z=" + GoldenFile("mat5.mat"),
                                 "other=" + column},
                                {},
                                job)
                         .value();
  FitToKind(kind, files);
  const std::vector<std::vector<int64_t>> shapes = {
      {5, 1}, {5}, {5}, {5}, {5, 1}, {4, 3}, {5, 1}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_EQ(files.files[i].array.header().shape, shapes[i]) << files.names[i];
  }
}

}  // namespace
}  // namespace modbound
