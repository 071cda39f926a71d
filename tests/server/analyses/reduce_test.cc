#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;

InputArrays ReduceInputs() {
  return {{"activity", GoldenHostArray("pca", "activity")},
          {"labels", GoldenHostArray("pca", "module_labels")}};
}

v1::Spec SpecOf(int components) {
  v1::Spec spec;
  spec.mutable_reduce();
  if (components > 0) {
    spec.mutable_reduce()->set_components(components);
  }
  return spec;
}

TEST(ReduceKind, IsGolden) {
  const auto outcome = RunWithThreads(SpecOf(5), ReduceInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& outputs = outcome->outputs;
  ExpectClose(outputs.at("module_activity").ToMatrix(),
              LoadGolden("pca", "module_means").ToMatrix(),
              1e-12,
              1e-12,
              "module_activity");
  ExpectClose(outputs.at("reconstruction_r_unit").ToVector(),
              LoadGolden("pca", "reconstruction_r").ToVector(),
              1e-9,
              1e-10,
              "reconstruction_r_unit");
  ExpectClose(outputs.at("components").ToMatrix(),
              LoadGolden("pca", "activity_components").ToMatrix(),
              1e-7,
              1e-8,
              "components");
  ExpectClose(outputs.at("scores").ToMatrix(),
              LoadGolden("pca", "activity_scores").ToMatrix(),
              1e-7,
              1e-7,
              "scores");
  const v1::ReduceSummary& summary = outcome->summary.reduce();
  EXPECT_EQ(summary.num_modules(), 4);
  EXPECT_NEAR(summary.mean_reconstruction_r(),
              outputs.at("reconstruction_r_time").ToVector().mean(),
              1e-15);
  EXPECT_NEAR(summary.explained_variance_ratio(),
              LoadGolden("pca", "activity_explained_variance_ratio")
                  .ToVector()
                  .head(5)
                  .sum(),
              1e-9);
  EXPECT_GT(summary.matched_component_r(), 0);
  EXPECT_LE(summary.matched_component_r(), 1);
}

TEST(ReduceKind, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(SpecOf(0), ReduceInputs());
  ExpectPlannedAndSameAtAnyThreadCount(SpecOf(3), ReduceInputs());
}

TEST(ReduceKind, RefusesWhatCannotBeReduced) {
  EXPECT_EQ(SubmitRefusalOf(SpecOf(65), ReduceInputs()),
            Refusal(reason::kOutOfRange, "spec.reduce.components"));
  InputArrays inputs = ReduceInputs();
  inputs["labels"] = HostArray::FromLabels(Labels(63, 0), {});
  EXPECT_EQ(SubmitRefusalOf(SpecOf(2), inputs),
            Refusal(reason::kWrongShape, "inputs.labels"));
  inputs["labels"] = HostArray::FromLabels(Labels(64, -1), {});
  EXPECT_EQ(RefusalOf(SpecOf(2), inputs),
            Refusal(reason::kDegenerate, "inputs.labels"));
  inputs = ReduceInputs();
  inputs["activity"] = HostArray(v1::DType::FLOAT64, {1, 64});
  EXPECT_EQ(SubmitRefusalOf(SpecOf(1), inputs),
            Refusal(reason::kDegenerate, "inputs.activity"));
}

}  // namespace
}  // namespace modbound
