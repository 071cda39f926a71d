#include <cmath>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "module_kinds.h"

namespace modbound {
namespace {

constexpr char kTrained[] = "modularity_rnn64_zerodiag";

v1::Spec PartitionSpec() {
  v1::Spec spec;
  spec.mutable_partition();
  return spec;
}

HostArray Columns(Matrix activity) {
  return HostArray::FromMatrix(activity, {});
}

absl::Status RefusedPlan(v1::Spec spec, const InputArrays& inputs) {
  return PlanUnseen(spec, inputs).status();
}

TEST(PartitionKind, FindsTheGoldenModules) {
  const auto outcome =
      RunKind(PartitionSpec(), {{"matrix", GoldenInput(kTrained, "weights")}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::PartitionSummary& summary = outcome->summary.partition();
  const Matrix bar = LoadGolden(kTrained, "bct_negative_asym").ToMatrix();
  EXPECT_NEAR(summary.quality(), bar(1, 0), 1e-9);
  EXPECT_NEAR(summary.best_run_quality(), bar(1, 0), 1e-9);
  EXPECT_NEAR(summary.mean_run_quality(), bar(1, 0), 1e-9);
  EXPECT_EQ(summary.num_modules(), 3);
  EXPECT_EQ(std::vector<int64_t>(summary.module_sizes().begin(),
                                 summary.module_sizes().end()),
            (std::vector<int64_t>{13, 12, 11}));
  EXPECT_EQ(summary.excluded_units_size(), 28);
  const Labels labels = outcome->outputs.at("labels").ToLabels();
  EXPECT_EQ(ModuleSizes(labels), (std::vector<int64_t>{13, 12, 11}));
  // All runs agree: agreement is 100 within modules, 0 elsewhere and on the
  // diagonal.
  const Matrix agreement = outcome->outputs.at("agreement").ToMatrix();
  for (Eigen::Index i = 0; i < 64; ++i) {
    for (Eigen::Index j = 0; j < 64; ++j) {
      const bool together = i != j && labels[i] >= 0 && labels[i] == labels[j];
      EXPECT_EQ(agreement(i, j), together ? 100 : 0);
    }
  }
}

TEST(PartitionKind, CorrelatesActivityAndKeepsTheUnitDiagonal) {
  const auto outcome =
      RunKind(PartitionSpec(), {{"activity", GoldenInput("pca", "activity")}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ExpectClose(outcome->outputs.at("similarity").ToMatrix(),
              LoadGolden("pca", "activity_correlation").ToMatrix(),
              1e-9,
              1e-10,
              "similarity");
  const Labels labels = outcome->outputs.at("labels").ToLabels();
  const Vector valid = LoadGolden("pca", "activity_valid").ToVector();
  for (Eigen::Index i = 0; i < valid.size(); ++i) {
    EXPECT_EQ(labels[i] >= 0, valid[i] == 1) << i;
  }
}

TEST(PartitionKind, IsAsPlannedAndTheSameAtAnyThreadCount) {
  ExpectPlannedAndRepeatable(
      PartitionSpec(),
      {{"matrix", GoldenInput("modularity_noise64_zerodiag", "weights")}});
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_consensus(v1::Consensus::THRESHOLD);
  spec.mutable_partition()->set_runs(7);
  ExpectPlannedAndRepeatable(spec,
                             {{"activity", GoldenInput("pca", "activity")}});
}

TEST(PartitionKind, EverySimilarityLeavesSilentUnitsOut) {
  Matrix activity(4, 5);
  activity << 1, 1.1, -1, 0, 2,  //
      -2, -2.2, 2, 0, 2,         //
      3, 3.1, -3, 0, 2,          //
      -1, -1, 1.2, 0, 2;
  for (const auto measure : {v1::Similarity::CORRELATION,
                             v1::Similarity::COSINE,
                             v1::Similarity::HAMMING}) {
    v1::Spec spec = PartitionSpec();
    spec.mutable_partition()->set_similarity(measure);
    const auto outcome = RunKind(spec, {{"activity", Columns(activity)}});
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const Labels labels = outcome->outputs.at("labels").ToLabels();
    EXPECT_EQ(labels[0], labels[1]);
    EXPECT_EQ(labels[3], -1);
    EXPECT_EQ(labels[4], -1);
    spec.mutable_partition()->set_include_silent(true);
    const auto all = RunKind(spec, {{"activity", Columns(activity)}});
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->summary.partition().excluded_units_size(), 0);
  }
}

TEST(PartitionKind, LargeMatricesAreOutputOnlyWhenNamed) {
  const InputInfos infos = {
      {"activity", {v1::DType::FLOAT32, {1000, 5000}, std::nullopt, nullptr}}};
  auto names = [&](v1::Spec spec) {
    std::string all;
    const auto plan = PlanJob(spec, infos);
    EXPECT_TRUE(plan.ok()) << plan.status();
    for (const PlannedOutput& output : plan->outputs) {
      all += output.name + " ";
    }
    return all;
  };
  v1::Spec spec = PartitionSpec();
  EXPECT_EQ(names(spec), "labels run_labels run_quality ");
  spec.mutable_partition()->add_outputs("similarity");
  EXPECT_EQ(names(spec), "labels run_labels run_quality similarity ");
  spec.mutable_partition()->add_outputs("strengths");
  const absl::Status status = PlanJob(spec, infos).status();
  EXPECT_EQ(FieldOf(status), "spec.partition.outputs");
}

TEST(PartitionKind, EstimatesMemoryAboveItsArrays) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(100);
  const InputInfos infos = {
      {"matrix", {v1::DType::FLOAT64, {20000, 20000}, std::nullopt, nullptr}}};
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok());
  // The input and the problem at least; not a matrix a thread.
  EXPECT_GT(plan->memory_bytes, 2 * 8 * int64_t{20000} * 20000);
  EXPECT_LT(plan->memory_bytes, 10 * 8 * int64_t{20000} * 20000);
}

TEST(PartitionKind, TakesMatrixOrActivity) {
  const HostArray matrix = GoldenInput(kTrained, "weights");
  const HostArray activity = GoldenInput("pca", "activity");
  const absl::Status both = RefusedPlan(
      PartitionSpec(), {{"matrix", matrix}, {"activity", activity}});
  EXPECT_EQ(ReasonOf(both), reason::kContradiction);
  EXPECT_EQ(FieldOf(both), "inputs.activity");
  const absl::Status none = RefusedPlan(PartitionSpec(), {});
  EXPECT_EQ(ReasonOf(none), reason::kMissingField);
  EXPECT_EQ(FieldOf(none), "inputs.matrix");
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_similarity(v1::Similarity::GIVEN);
  EXPECT_EQ(FieldOf(RefusedPlan(spec, {{"activity", activity}})),
            "spec.partition.similarity");
  spec.mutable_partition()->set_similarity(v1::Similarity::COSINE);
  EXPECT_EQ(FieldOf(RefusedPlan(spec, {{"matrix", matrix}})),
            "spec.partition.similarity");
}

struct Refused {
  const char* name;
  v1::QualityFunction::Name quality;
  Matrix matrix;
  const char* reason;
};

Matrix Edge(double forth, double back) {
  Matrix matrix = Matrix::Zero(3, 3);
  matrix(0, 1) = forth;
  matrix(1, 0) = back;
  return matrix;
}

class PartitionRefuses : public testing::TestWithParam<Refused> {};

TEST_P(PartitionRefuses, MatricesWithoutAQuality) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_quality(GetParam().quality);
  const absl::Status status =
      RunKind(spec, {{"matrix", Columns(GetParam().matrix)}}).status();
  EXPECT_EQ(ReasonOf(status), GetParam().reason) << status;
  EXPECT_EQ(FieldOf(status), "inputs.matrix");
}

INSTANTIATE_TEST_SUITE_P(
    Values,
    PartitionRefuses,
    testing::Values(Refused{"Negative",
                            v1::QualityFunction::MODULARITY,
                            Edge(-1, -1),
                            reason::kNegativeWeight},
                    Refused{"NotBinary",
                            v1::QualityFunction::POTTS,
                            Edge(0.5, 0.5),
                            reason::kNotBinary},
                    Refused{"Asymmetric",
                            v1::QualityFunction::NEGATIVE_ASYM,
                            Edge(1, 0),
                            reason::kNotSymmetric},
                    Refused{"NotFinite",
                            v1::QualityFunction::NEGATIVE_ASYM,
                            Edge(NAN, NAN),
                            reason::kNotFinite},
                    Refused{"AllZero",
                            v1::QualityFunction::NEGATIVE_ASYM,
                            Matrix(Matrix::Zero(3, 3)),
                            reason::kDegenerate},
                    Refused{"OneUnit",
                            v1::QualityFunction::NEGATIVE_ASYM,
                            Matrix(Matrix::Ones(1, 1)),
                            reason::kDegenerate}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(PartitionKind, DirectedTakesAsymmetricMatrices) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_directed(true);
  EXPECT_TRUE(RunKind(spec, {{"matrix", Columns(Edge(1, 0))}}).ok());
}

TEST(PartitionKind, AnActivityWithoutVariationIsRefused) {
  Matrix activity(3, 2);
  activity << 1, 2, 1, 2, 1, 2;
  for (const bool include_silent : {false, true}) {
    v1::Spec spec = PartitionSpec();
    spec.mutable_partition()->set_include_silent(include_silent);
    const absl::Status status =
        RunKind(spec, {{"activity", Columns(activity)}}).status();
    EXPECT_EQ(ReasonOf(status), reason::kDegenerate);
    EXPECT_EQ(FieldOf(status), "inputs.activity");
  }
}

TEST(PartitionKind, CustomNeedsItsNullMatrix) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_quality(v1::QualityFunction::CUSTOM);
  const HostArray matrix = Columns(Edge(1, 1));
  const absl::Status status = RefusedPlan(spec, {{"matrix", matrix}});
  EXPECT_EQ(ReasonOf(status), reason::kMissingField);
  EXPECT_EQ(FieldOf(status), "inputs.null_matrix");
  EXPECT_TRUE(
      RunKind(spec, {{"matrix", matrix}, {"null_matrix", matrix}}).ok());
}

TEST(PartitionKind, RangesAreChecked) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(0);
  const HostArray matrix = Columns(Edge(1, 1));
  EXPECT_EQ(FieldOf(RefusedPlan(spec, {{"matrix", matrix}})),
            "spec.partition.runs");
  spec.mutable_partition()->clear_runs();
  spec.mutable_partition()->set_gamma(0);
  EXPECT_EQ(FieldOf(RefusedPlan(spec, {{"matrix", matrix}})),
            "spec.partition.gamma");
}

}  // namespace
}  // namespace modbound
