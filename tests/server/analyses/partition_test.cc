#include "core/modules/partition.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "partition_kind.h"

namespace modbound {
namespace {

TEST(PartitionKind, FindsTheGoldenModules) {
  const auto outcome =
      RunKind(PartitionSpec(), {{"matrix", GoldenInput(kTrained, "weights")}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::PartitionSummary& summary = outcome->summary.partition();
  const Matrix bar = LoadGolden(kTrained, "bct_negative_asym").ToMatrix();
  EXPECT_NEAR(summary.quality(), bar(1, 0), 1e-9);
  EXPECT_NEAR(summary.best_run_quality(), bar(1, 0), 1e-9);
  EXPECT_NEAR(summary.mean_run_quality(), bar(1, 0), 1e-9);
  EXPECT_EQ(summary.quality_all_units(), summary.quality());
  EXPECT_GE(summary.consensus_rounds(), 1);
  EXPECT_EQ(summary.consensus_partitions(), 1);
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

TEST(PartitionKind, SilentUnitsCountInTheQualityOfAllUnits) {
  // Two pairs and two silent units: sum|W| = 4, Q = (4 - 8 g) / 4 of the active
  // units, and -g/4 from each silent one.
  Matrix matrix = Matrix::Zero(6, 6);
  matrix(0, 1) = matrix(1, 0) = matrix(2, 3) = matrix(3, 2) = 1;
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_quality(v1::QualityFunction::UNIFORM);
  spec.mutable_partition()->set_gamma(0.25);
  const auto outcome = RunKind(spec, {{"matrix", Columns(matrix)}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.at("labels").ToLabels(),
            (Labels{0, 0, 1, 1, -1, -1}));
  EXPECT_NEAR(outcome->summary.partition().quality(), 0.5, 1e-15);
  EXPECT_NEAR(outcome->summary.partition().quality_all_units(), 0.375, 1e-15);
}

TEST(PartitionKind, ComparesTheRowsOfAMatrix) {
  // Golden cosine and Hamming similarity of 60 rows of 3 weights; row 3 is 0.
  const InputArrays inputs = {
      {"matrix", GoldenInput("weight_similarity", "weights_k3")}};
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(10);
  spec.mutable_partition()->set_similarity(v1::Similarity::COSINE);
  const auto cosine = RunKind(spec, inputs);
  ASSERT_TRUE(cosine.ok()) << cosine.status();
  ExpectClose(cosine->outputs.at("similarity").ToMatrix(),
              LoadGolden("weight_similarity", "cosine_k3").ToMatrix(),
              1e-11,
              1e-12,
              "cosine");
  EXPECT_EQ(cosine->outputs.at("labels").shape(), std::vector<int64_t>{60});
  EXPECT_EQ(cosine->outputs.at("labels").ToLabels()[3], -1);
  ExpectPlannedAndRepeatable(spec, inputs);

  spec.mutable_partition()->set_similarity(v1::Similarity::HAMMING);
  const auto hamming = RunKind(spec, inputs);
  ASSERT_TRUE(hamming.ok()) << hamming.status();
  ExpectClose(hamming->outputs.at("similarity").ToMatrix(),
              LoadGolden("weight_similarity", "hamming_k3").ToMatrix(),
              0,
              1e-12,
              "hamming");
  EXPECT_GE(hamming->outputs.at("labels").ToLabels()[3], 0);

  spec.mutable_partition()->set_similarity(v1::Similarity::CORRELATION);
  const auto correlation = RunKind(spec, inputs);
  ASSERT_TRUE(correlation.ok()) << correlation.status();
  v1::Spec of_columns = spec;
  const Matrix weights =
      LoadGolden("weight_similarity", "weights_k3").ToMatrix();
  const auto columns =
      RunKind(of_columns, {{"activity", Columns(weights.transpose())}});
  ASSERT_TRUE(columns.ok()) << columns.status();
  EXPECT_EQ(correlation->outputs.at("similarity").ToMatrix(),
            columns->outputs.at("similarity").ToMatrix());
}

TEST(PartitionKind, OnlyAGivenMatrixMustBeSquareAndSymmetric) {
  Matrix rows(3, 2);
  rows << 1, 0, 1, 0.1, -1, 0;
  v1::Spec spec = PartitionSpec();
  const absl::Status given = RefusedPlan(spec, {{"matrix", Columns(rows)}});
  EXPECT_EQ(ReasonOf(given), reason::kWrongShape);
  EXPECT_EQ(FieldOf(given), "inputs.matrix");
  // Square and not symmetric: rows are compared all the same.
  spec.mutable_partition()->set_similarity(v1::Similarity::COSINE);
  Matrix square(3, 3);
  square << 1, 2, 0, 1, 2, 0.1, -1, 0, 3;
  EXPECT_TRUE(RunKind(spec, {{"matrix", Columns(square)}}).ok());
  // P of CUSTOM is one value a pair of rows.
  spec.mutable_partition()->set_quality(v1::QualityFunction::CUSTOM);
  EXPECT_TRUE(RunKind(spec,
                      {{"matrix", Columns(rows)},
                       {"null_matrix", Columns(Matrix::Zero(3, 3))}})
                  .ok());
  const absl::Status null =
      RefusedPlan(spec,
                  {{"matrix", Columns(rows)},
                   {"null_matrix", Columns(Matrix::Zero(2, 2))}});
  EXPECT_EQ(ReasonOf(null), reason::kWrongShape);
  EXPECT_EQ(FieldOf(null), "inputs.null_matrix");
}

TEST(PartitionKind, RowsWithoutASimilarityAreRefused) {
  const auto refused = [](v1::Similarity::Measure measure,
                          const Matrix& matrix) {
    v1::Spec spec = PartitionSpec();
    spec.mutable_partition()->set_similarity(measure);
    const absl::Status status =
        RunKind(spec, {{"matrix", Columns(matrix)}}).status();
    EXPECT_EQ(ReasonOf(status), reason::kDegenerate) << status;
    EXPECT_EQ(FieldOf(status), "inputs.matrix");
  };
  refused(v1::Similarity::COSINE, Matrix::Zero(3, 2));
  refused(v1::Similarity::CORRELATION, Matrix::Ones(3, 2));
  refused(v1::Similarity::CORRELATION, Matrix::Ones(3, 1));
  Matrix constant_rows(3, 2);
  constant_rows << 1, 1, 2, 2, 3, 3;
  refused(v1::Similarity::CORRELATION, constant_rows);
  refused(v1::Similarity::HAMMING, Matrix::Ones(1, 4));
  // One sign a row is enough.
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_similarity(v1::Similarity::HAMMING);
  EXPECT_TRUE(RunKind(spec, {{"matrix", Columns(Matrix::Ones(3, 1))}}).ok());
}

TEST(PartitionKind, SaysThatTheQualityDoesNotTakeAComputedSimilarity) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_quality(v1::QualityFunction::MODULARITY);
  const absl::Status status =
      RunKind(spec, {{"activity", GoldenInput("pca", "activity")}}).status();
  EXPECT_EQ(ReasonOf(status), reason::kNegativeWeight);
  EXPECT_EQ(FieldOf(status), "spec.partition.quality");
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

TEST(PartitionKind, TakesEachAlgorithm) {
  const InputArrays inputs = {
      {"matrix", GoldenInput("modularity_noise64_zerodiag", "weights")}};
  const std::pair<v1::Algorithm::Name, Algorithm> algorithms[] = {
      {v1::Algorithm::LOUVAIN, Algorithm::kLouvain},
      {v1::Algorithm::LEIDEN, Algorithm::kLeiden},
      {v1::Algorithm::ITERATED, Algorithm::kIterated}};
  std::set<std::vector<double>> qualities;
  for (const auto& [name, algorithm] : algorithms) {
    v1::Spec spec = PartitionSpec();
    spec.mutable_partition()->set_algorithm(name);
    spec.mutable_partition()->set_runs(20);
    const auto outcome = RunKind(spec, inputs);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    PartitionOptions options;
    options.algorithm = algorithm;
    options.runs = 20;
    const auto expected =
        Partition(inputs.at("matrix").ToMatrix(), {}, options, Execution());
    ASSERT_TRUE(expected.ok()) << expected.status();
    EXPECT_EQ(outcome->outputs.at("labels").ToLabels(), expected->labels);
    EXPECT_EQ(outcome->outputs.at("run_quality").ToVector(),
              expected->run_quality);
    qualities.insert(outcome->outputs.at("run_quality").ToDoubles());
  }
  // Or one algorithm in all places would pass.
  EXPECT_EQ(qualities.size(), 3u);
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
  // A pair joined in one direction only, and a pair joined by 2 in one and by
  // -1 in the other: (W + W')/2 is 1/2 within both. s = 2, k = 1/2 each:
  // Q = 2/2 - 2 (1/2)^2.
  Matrix matrix = Matrix::Zero(4, 4);
  matrix(0, 1) = 1;
  matrix(2, 3) = 2;
  matrix(3, 2) = -1;
  const auto outcome = RunKind(spec, {{"matrix", Columns(matrix)}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.at("labels").ToLabels(), (Labels{0, 0, 1, 1}));
  EXPECT_DOUBLE_EQ(outcome->summary.partition().quality(), 0.5);
  const auto symmetric =
      RunKind(PartitionSpec(),
              {{"matrix", Columns((matrix + matrix.transpose()) / 2)}});
  ASSERT_TRUE(symmetric.ok()) << symmetric.status();
  EXPECT_EQ(outcome->summary.SerializeAsString(),
            symmetric->summary.SerializeAsString());
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
  // W joins 0 with 1 and 1 with 2; P takes the second join away and more:
  // Q = sum within of W - g P = 2 for {0, 1}, {2}.
  Matrix path = Matrix::Zero(3, 3);
  path(0, 1) = path(1, 0) = path(1, 2) = path(2, 1) = 1;
  Matrix null = Matrix::Zero(3, 3);
  null(1, 2) = null(2, 1) = null(0, 2) = null(2, 0) = 1;
  spec.mutable_partition()->set_gamma(2);
  const auto outcome = RunKind(
      spec, {{"matrix", Columns(path)}, {"null_matrix", Columns(null)}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.at("labels").ToLabels(), (Labels{0, 0, 1}));
  EXPECT_EQ(outcome->summary.partition().quality(), 2);
  // Without the null all three belong together.
  const auto joined = RunKind(spec,
                              {{"matrix", Columns(path)},
                               {"null_matrix", Columns(Matrix::Zero(3, 3))}});
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->outputs.at("labels").ToLabels(), (Labels{0, 0, 0}));
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
