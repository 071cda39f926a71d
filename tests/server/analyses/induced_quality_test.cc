#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "module_kinds.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

constexpr char kInducedCase[] = "partition_stats";

InputArrays InducedInputs() {
  return {{"matrix", GoldenInput(kInducedCase, "consensus_weights")},
          {"labels", GoldenLabels(kInducedCase, "induced_partition")}};
}

v1::Spec InducedSpec() {
  v1::Spec spec;
  spec.mutable_induced_quality();
  return spec;
}

TEST(InducedQualityKind, AgreesWithGolden) {
  const auto outcome = RunKind(InducedSpec(), InducedInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::InducedQualitySummary& summary = outcome->summary.induced_quality();
  EXPECT_NEAR(summary.quality(),
              LoadGolden(kInducedCase, "induced_q").values[0],
              1e-12);
  EXPECT_EQ(outcome->outputs.at("null").shape(), std::vector<int64_t>{1000});
  // Other permutations than the golden ones: z and p agree as estimates do.
  const double z = LoadGolden(kInducedCase, "induced_z").values[0];
  EXPECT_NEAR(summary.z(), z, 0.15 * std::abs(z));
  EXPECT_GE(summary.p(), 1.0 / 1001);
  const Vector null = outcome->outputs.at("null").ToVector();
  const double sd = std::sqrt((null.array() - null.mean()).square().mean());
  EXPECT_NEAR(
      null.mean(), summary.exact_null_mean(), 5 * sd / std::sqrt(1000.0));
}

TEST(InducedQualityKind, IsAsPlannedAndTheSameAtAnyThreadCount) {
  v1::Spec spec = InducedSpec();
  spec.mutable_induced_quality()->set_null_count(100);
  ExpectPlannedAndRepeatable(spec, InducedInputs());
}

TEST(InducedQualityKind, WithoutDrawsLeavesZAndPOut) {
  v1::Spec spec = InducedSpec();
  spec.mutable_induced_quality()->set_null_count(0);
  const auto outcome = RunKind(spec, InducedInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->summary.induced_quality().has_z());
  EXPECT_FALSE(outcome->summary.induced_quality().has_p());
  EXPECT_EQ(outcome->outputs.at("null").size(), 0);
}

TEST(InducedQualityKind, CountsExcludedUnits) {
  InputArrays inputs = InducedInputs();
  Labels labels = inputs.at("labels").ToLabels();
  labels[0] = labels[7] = labels[8] = -1;
  inputs["labels"] = HostArray::FromLabels(labels, {});
  const auto outcome = RunKind(InducedSpec(), inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.induced_quality().excluded_units(), 3);
}

TEST(InducedQualityKind, CountsUnitsWithoutALabelInTheQualityOfAllUnits) {
  // Units 0 and 1 are joined by 1, 2 and 3 too; 1 and 2 by -1; unit 4 is
  // silent. Of units 0, 1, 2 (label -1: 3 and 4): s+ = 2, s- = 2, k+ = 1 of 0
  // and 1, k- = 1 of 1 and 2. {0, 1}, {2}: Q+ = (2 - 4/2) / 2 = 0,
  // Q- = (0 - 1/2 - 1/2) / 4 = -1/4, Q = Q+ - Q- = 1/4.
  // With all units, 3 and 4 apart: s+ = 4, k+ = 1 of 0 to 3. Q+ = (2 - (4 + 1 +
  // 1) / 4) / 4 = 1/8, Q- = -1/6 over s+ + s- = 6, Q = 1/8 + 1/6.
  Matrix matrix = Matrix::Zero(5, 5);
  matrix(0, 1) = matrix(1, 0) = matrix(2, 3) = matrix(3, 2) = 1;
  matrix(1, 2) = matrix(2, 1) = -1;
  v1::Spec spec = InducedSpec();
  spec.mutable_induced_quality()->set_null_count(0);
  const InputArrays inputs = {
      {"matrix", HostArray::FromMatrix(matrix, {})},
      {"labels", HostArray::FromLabels({0, 0, 1, -1, -1}, {})}};
  const auto outcome = RunKind(spec, inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::InducedQualitySummary& summary = outcome->summary.induced_quality();
  EXPECT_NEAR(summary.quality(), 0.25, 1e-15);
  EXPECT_NEAR(summary.quality_all_units(), 1.0 / 8 + 1.0 / 6, 1e-15);
  // A silent unit by itself changes nothing here.
  const auto silent =
      RunKind(spec,
              {{"matrix", inputs.at("matrix")},
               {"labels", HostArray::FromLabels({0, 0, 1, 1, -1}, {})}});
  ASSERT_TRUE(silent.ok()) << silent.status();
  EXPECT_NEAR(silent->summary.induced_quality().quality_all_units(),
              silent->summary.induced_quality().quality(),
              1e-15);
  // Every unit has a label: the same number.
  const auto all = RunKind(InducedSpec(), InducedInputs());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->summary.induced_quality().quality_all_units(),
            all->summary.induced_quality().quality());
}

// (T, N): each unit follows one of three waves, with noise. labels: as the
// waves, but unit 4 has none.
InputArrays ActivityInputs(int64_t T, int64_t N) {
  Matrix activity(T, N);
  Labels labels;
  for (int64_t i = 0; i < N; ++i) {
    labels.push_back(static_cast<int32_t>(i % 3));
    for (int64_t t = 0; t < T; ++t) {
      activity(t, i) = std::sin(static_cast<double>((1 + i % 3) * t)) +
                       std::cos(static_cast<double>(i * i + 5 * t * i));
    }
  }
  labels[4] = -1;
  return {{"activity", HostArray::FromMatrix(activity, {})},
          {"labels", HostArray::FromLabels(labels, {})}};
}

// 10 steps of 24 units make no N x N numbers; 13 do.
TEST(InducedQualityKind, OfActivityIsThatOfItsSimilarity) {
  for (const int64_t T : {10, 13}) {
    for (const auto function : {v1::QualityFunction::NEGATIVE_SYM,
                                v1::QualityFunction::NEGATIVE_ASYM}) {
      v1::Spec similar;
      similar.mutable_partition()->set_runs(1);
      const InputArrays inputs = ActivityInputs(T, 24);
      const auto partition =
          RunKind(similar, {{"activity", inputs.at("activity")}});
      ASSERT_TRUE(partition.ok()) << partition.status();
      v1::Spec spec = InducedSpec();
      spec.mutable_induced_quality()->set_quality(function);
      spec.mutable_induced_quality()->set_null_count(300);
      const auto of_matrix =
          RunKind(spec,
                  {{"matrix", partition->outputs.at("similarity")},
                   {"labels", inputs.at("labels")}});
      const auto of_activity = RunKind(spec, inputs);
      ASSERT_TRUE(of_matrix.ok()) << of_matrix.status();
      ASSERT_TRUE(of_activity.ok()) << of_activity.status();
      const auto& expected = of_matrix->summary.induced_quality();
      const auto& actual = of_activity->summary.induced_quality();
      EXPECT_NEAR(actual.quality(), expected.quality(), 1e-12);
      EXPECT_NEAR(
          actual.quality_all_units(), expected.quality_all_units(), 1e-12);
      EXPECT_NEAR(actual.exact_null_mean(), expected.exact_null_mean(), 1e-12);
      EXPECT_EQ(actual.excluded_units(), 1);
      EXPECT_EQ(actual.p(), expected.p());
      ExpectClose(of_activity->outputs.at("null").ToMatrix(),
                  of_matrix->outputs.at("null").ToMatrix(),
                  1e-12,
                  1e-12,
                  "null");
      ExpectPlannedAndRepeatable(spec, inputs);
    }
  }
}

TEST(InducedQualityKind, TakesMatrixOrActivity) {
  InputArrays both = InducedInputs();
  both["activity"] = both.at("matrix");
  const auto refused = [](v1::Spec spec, const InputArrays& inputs) {
    return RunKind(spec, inputs).status();
  };
  EXPECT_EQ(FieldOf(refused(InducedSpec(), both)), "inputs.activity");
  both.erase("matrix");
  both.erase("activity");
  EXPECT_EQ(ReasonOf(refused(InducedSpec(), both)), reason::kMissingField);
}

TEST(InducedQualityKind, RefusesByField) {
  InputArrays inputs = InducedInputs();
  inputs["labels"] = HostArray::FromLabels(Labels(64, -1), {});
  const absl::Status none = RunKind(InducedSpec(), inputs).status();
  EXPECT_EQ(ReasonOf(none), reason::kDegenerate);
  EXPECT_EQ(FieldOf(none), "inputs.labels");
  v1::Spec spec = InducedSpec();
  spec.mutable_induced_quality()->set_quality(v1::QualityFunction::MODULARITY);
  const absl::Status negative = RunKind(spec, InducedInputs()).status();
  EXPECT_EQ(ReasonOf(negative), reason::kNegativeWeight);
  EXPECT_EQ(FieldOf(negative), "inputs.matrix");
  spec.mutable_induced_quality()->set_quality(v1::QualityFunction::CUSTOM);
  EXPECT_EQ(FieldOf(RunKind(spec, InducedInputs()).status()),
            "spec.induced_quality.quality");
}

// The draws are not those of the evaluation that goes before.
TEST(InducedQualityKind, ARewiredNullGoesOnFromItsCheckpoint) {
  v1::Spec spec = InducedSpec();
  spec.mutable_induced_quality()->set_null(v1::NullModel::REWIRED);
  spec.mutable_induced_quality()->set_null_count(6);
  const auto run = [&](MemoryCheckpoint& checkpoint) {
    Execution execution;
    execution.checkpoint = &checkpoint;
    return RunJob(spec, InducedInputs(), int64_t{1} << 30, execution);
  };
  MemoryCheckpoint first;
  const auto whole = run(first);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_GT(first.offers(), 0);
  MemoryCheckpoint second(first.states());
  const auto resumed = run(second);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(second.offers(), 0);
  EXPECT_EQ(resumed->outputs.at("null").ToMatrix(),
            whole->outputs.at("null").ToMatrix());
}

}  // namespace
}  // namespace modbound
