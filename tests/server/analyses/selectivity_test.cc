#include "core/statistics/correlation.h"
#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;

v1::Spec SpecOf() {
  v1::Spec spec;
  spec.mutable_selectivity();
  return spec;
}

// Modules {0, 1} rising and {2, 3} falling over five time points.
InputArrays SelectivityInputs() {
  Matrix activity(5, 4);
  activity << 1, 1, 4, 6, 2, 2, 3, 5, 3, 4, 2, 2, 4, 4, 1, 2, 5, 6, 0, 1;
  Matrix outputs(5, 2);
  outputs << 1, 0, 0.5, 1, 1, 2, 0.5, 3, 1, 4;
  return {
      {"activity", HostArray::FromMatrix(activity, {})},
      {"labels", HostArray::FromLabels({1, 1, 0, 0}, {})},
      {"variables/fixation", HostArray::FromDoubles({1, 1, 1, 0, 0}, {5}, {})},
      {"variables/cumulative_inputs",
       HostArray::FromDoubles({-2, -1, 0, 1, 2}, {5}, {})},
      {"outputs", HostArray::FromMatrix(outputs, {})}};
}

TEST(SelectivityKind, CorrelatesModulesWithVariablesInAlphabeticalOrder) {
  const auto outcome = RunWithThreads(SpecOf(), SelectivityInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::SelectivitySummary& summary = outcome->summary.selectivity();
  ASSERT_EQ(summary.variables_size(), 2);
  EXPECT_EQ(summary.variables(0), "cumulative_inputs");
  EXPECT_EQ(summary.variables(1), "fixation");
  EXPECT_EQ(summary.num_modules(), 2);
  EXPECT_EQ(summary.ranked_by(), "cumulative_inputs");
  const Matrix activity = SelectivityInputs().at("activity").ToMatrix();
  const Vector rising = (activity.col(0) + activity.col(1)) / 2;
  const Correlation expected = PearsonCorrelation(
      rising, SelectivityInputs().at("variables/cumulative_inputs").ToVector());
  EXPECT_NEAR(outcome->outputs.at("r").ToMatrix()(1, 0), expected.r, 1e-14);
  EXPECT_NEAR(outcome->outputs.at("p").ToMatrix()(1, 0), expected.p, 1e-12);
  EXPECT_EQ(outcome->outputs.at("ranked_modules").ToLabels(), (Labels{1, 0}));
}

TEST(SelectivityKind, RanksByOutputsWithoutCumulativeInputs) {
  InputArrays inputs = SelectivityInputs();
  inputs.erase("variables/cumulative_inputs");
  const auto outcome = RunWithThreads(SpecOf(), inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.selectivity().ranked_by(), "output_difference");
  EXPECT_NE(outcome->outputs.at("ranked_modules").ToLabels()[1], -1);
}

TEST(SelectivityKind, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(SpecOf(), SelectivityInputs());
  InputArrays inputs = SelectivityInputs();
  inputs.erase("outputs");
  ExpectPlannedAndSameAtAnyThreadCount(SpecOf(), inputs);
  const auto outcome = RunWithThreads(SpecOf(), inputs);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->outputs.at("output_r").shape(),
            (std::vector<int64_t>{2, 0}));
}

TEST(SelectivityKind, RefusesWhatCannotBeCorrelated) {
  InputArrays inputs = SelectivityInputs();
  inputs["variables/fixation"] = HostArray(v1::DType::FLOAT64, {4});
  EXPECT_EQ(SubmitRefusalOf(SpecOf(), inputs),
            Refusal(reason::kWrongShape, "inputs.variables/fixation"));
  inputs = SelectivityInputs();
  inputs.erase("variables/fixation");
  inputs.erase("variables/cumulative_inputs");
  EXPECT_EQ(SubmitRefusalOf(SpecOf(), inputs),
            Refusal(reason::kMissingField, "inputs.variables/*"));
  inputs = SelectivityInputs();
  inputs["labels"] = HostArray::FromLabels({-1, -1, -1, -1}, {});
  EXPECT_EQ(RefusalOf(SpecOf(), inputs),
            Refusal(reason::kDegenerate, "inputs.labels"));
}

}  // namespace
}  // namespace modbound
