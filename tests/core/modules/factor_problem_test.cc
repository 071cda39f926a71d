#include "core/modules/factor_problem.h"

#include <numeric>

#include "core/base/error.h"
#include "core/modules/aggregate.h"
#include "core/modules/float_products.h"
#include "core/modules/induced_quality.h"
#include "core/modules/labels.h"
#include "core/modules/partition.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

// (T, N): some signals with noise; units 3 and 11 are constant, 20 is zero.
Matrix NoisySignals(int64_t T, int64_t N, uint64_t seed) {
  const Matrix signals = RandomMatrix(T, 4, seed);
  Matrix activity = RandomMatrix(T, N, seed + 100);
  for (Eigen::Index i = 0; i < N; ++i) {
    activity.col(i) += signals.col(i % 4) * (i % 3 == 0 ? -1 : 1);
  }
  activity.col(3).setConstant(2);
  activity.col(11).setConstant(-1);
  activity.col(20).setZero();
  return activity;
}

std::vector<int64_t> AllUnits(int64_t n) {
  std::vector<int64_t> units(static_cast<std::size_t>(n));
  std::iota(units.begin(), units.end(), 0);
  return units;
}

Labels RandomModules(int64_t n, int64_t modules, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  Labels labels;
  for (int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<int32_t>(random.Index(modules)));
  }
  return labels;
}

constexpr QualityFunction kFactored[] = {QualityFunction::kNegativeSym,
                                         QualityFunction::kUniform,
                                         QualityFunction::kNegativeAsym};

// Both engines, from the same activity.
struct Engines {
  ModularityProblem dense;
  ModularityProblem factor;
};

Engines BothOf(const Matrix& activity, const QualityOptions& options) {
  const SimilarityMatrix similarity =
      *CorrelationOfColumns(activity, Execution());
  return {*ModularityProblem::Make(similarity.values, options),
          *MakeFactorProblem(*CorrelationRowsOfColumns(activity, Execution()),
                             AllUnits(activity.cols()),
                             options,
                             Execution())};
}

// 600 units: more than one work item of strengths.
TEST(FactorProblem, AgreesWithTheDenseEngine) {
  for (const int64_t N : {25, 600}) {
    for (const bool keep_diagonal : {false, true}) {
      for (const QualityFunction function : kFactored) {
        QualityOptions options;
        options.function = function;
        options.gamma = 1.2;
        options.keep_diagonal = keep_diagonal;
        const Engines both = BothOf(NoisySignals(30, N, 1), options);
        EXPECT_LT((both.dense.k_plus() - both.factor.k_plus()).norm(), 1e-10);
        EXPECT_LT((both.dense.k_minus() - both.factor.k_minus()).norm(), 1e-10);
        EXPECT_EQ(both.dense.zero_unit() == 0, both.factor.zero_unit() == 0);
        const std::vector<Labels> batch = {
            RandomModules(N, 3, 1), RandomModules(N, N, 2), Labels(N, 0)};
        const auto expected = both.dense.Qualities(batch, Execution());
        const auto actual = both.factor.Qualities(batch, Execution());
        ASSERT_TRUE(expected.ok() && actual.ok());
        for (std::size_t b = 0; b < batch.size(); ++b) {
          EXPECT_NEAR((*actual)[b], (*expected)[b], 1e-12);
          EXPECT_NEAR(both.factor.MeanOverPermutations(batch[b]),
                      both.dense.MeanOverPermutations(batch[b]),
                      1e-12);
        }
        EXPECT_NEAR(
            both.factor.MeanOverPermutations(batch[2]), (*actual)[2], 1e-12);
      }
    }
  }
}

// Everything that an optimiser reads is the same.
TEST(FactorProblem, LinksAndAggregatesAgreeWithTheDenseEngine) {
  for (const QualityFunction function : kFactored) {
    QualityOptions options;
    options.function = function;
    options.keep_diagonal = function == QualityFunction::kUniform;
    const int64_t N = 150;
    const Engines both = BothOf(NoisySignals(40, N, 2), options);
    const Weights& dense = both.dense.weights();
    const Weights& factor = both.factor.weights();
    const Labels labels = CompactLabels(RandomModules(N, 9, 3));
    Matrix dense_sums = Matrix::Zero(9, dense.width());
    Matrix factor_sums = Matrix::Zero(9, factor.width());
    Vector buffer(factor.width());
    dense.AddAddends(labels, Execution(), dense_sums);
    factor.AddAddends(labels, Execution(), factor_sums);
    Matrix left = factor_sums;
    std::vector<int32_t> order(N);
    std::iota(order.rbegin(), order.rend(), 0);
    const auto rows = factor.MakeRows();
    rows->Begin(order, Execution());
    for (const int32_t node : order) {
      Vector expected(9);
      Vector from_sums(9);
      Vector from_rows(9);
      dense.LinksFromSums(dense_sums, node, labels[node], 9, expected.data());
      factor.LinksFromSums(
          factor_sums, node, labels[node], 9, from_sums.data());
      rows->Links(node, labels, 9, from_rows.data());
      EXPECT_LT((expected - from_sums).cwiseAbs().maxCoeff(), 1e-15);
      EXPECT_LT((expected - from_rows).cwiseAbs().maxCoeff(), 1e-9);
      EXPECT_NEAR(factor.Diagonal(node), dense.Diagonal(node), 1e-18);
      left.row(labels[node]) -= Eigen::Map<const Eigen::RowVectorXd>(
          factor.Addend(node, buffer.data()), factor.width());
    }
    // Every addend has been taken away again.
    EXPECT_LT(left.norm(), 1e-13);
    const Matrix between = dense.Between(labels, 9, dense_sums);
    EXPECT_LT((factor.Between(labels, 9, factor_sums) - between).norm(), 1e-14);
    EXPECT_LT((factor.BetweenFromRows(labels, 9, {}) - between).norm(), 1e-14);
    EXPECT_LT((dense.BetweenFromRows(labels, 9, {}) - between).norm(), 1e-14);
    const std::vector<int64_t> nodes = {2, 3, 5, 70, 140};
    EXPECT_LT((factor.Restrict(nodes, {}) - dense.Restrict(nodes, {})).norm(),
              1e-17);
    EXPECT_NEAR(factor.Trace(), dense.Trace(), 1e-15);
    EXPECT_NEAR(factor.Sum(Execution()), dense.Sum(Execution()), 1e-14);
  }
}

TEST(FactorProblem, PartitionsAsTheDenseEngineDoesAtAnyThreads) {
  const Matrix activity = NoisySignals(60, 300, 5);
  PartitionOptions options;
  options.quality.function = QualityFunction::kNegativeSym;
  options.runs = 5;
  options.consensus = ConsensusMethod::kNone;
  Execution four;
  four.threads = 4;
  const SimilarityMatrix similarity = *CorrelationOfColumns(activity, four);
  const auto dense =
      Partition(similarity.values, similarity.valid, options, four);
  const auto one = Partition(
      *CorrelationRowsOfColumns(activity, four), options, Execution());
  const auto more =
      Partition(*CorrelationRowsOfColumns(activity, four), options, four);
  ASSERT_TRUE(dense.ok() && one.ok() && more.ok());
  EXPECT_EQ(one->run_labels, more->run_labels);
  EXPECT_EQ(one->run_quality, more->run_quality);
  EXPECT_EQ(one->excluded_units, (std::vector<int64_t>{3, 11, 20}));
  // Four signals in two signs each: an easy optimum.
  EXPECT_NEAR(one->quality, dense->quality, 1e-12);
  EXPECT_EQ(one->labels, dense->labels);
}

TEST(FactorProblem, PermutationsAgreeWithTheDenseEngine) {
  const Matrix activity = NoisySignals(40, 90, 7);
  Labels labels = RandomModules(90, 4, 8);
  labels[5] = labels[6] = -1;
  QualityOptions options;
  options.function = QualityFunction::kNegativeSym;
  const auto dense =
      ComputeInducedQuality(CorrelationOfColumns(activity, {})->values,
                            labels,
                            options,
                            200,
                            3,
                            Execution());
  Execution four;
  four.threads = 4;
  for (const Execution& execution : {Execution(), four}) {
    const auto factor =
        ComputeInducedQuality(*CorrelationRowsOfColumns(activity, {}),
                              labels,
                              options,
                              200,
                              3,
                              execution);
    ASSERT_TRUE(dense.ok() && factor.ok());
    EXPECT_NEAR(factor->quality, dense->quality, 1e-12);
    EXPECT_LT((factor->null - dense->null).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_NEAR(factor->exact_null_mean, dense->exact_null_mean, 1e-12);
    EXPECT_EQ(factor->excluded_units, 2);
    EXPECT_EQ(factor->p, dense->p);
  }
}

TEST(FactorProblem, RefusesNegativeCorrelationsForModularity) {
  QualityOptions options;
  options.function = QualityFunction::kModularity;
  const Matrix activity = NoisySignals(30, 25, 1);
  const auto made =
      MakeFactorProblem(*CorrelationRowsOfColumns(activity, Execution()),
                        AllUnits(25),
                        options,
                        Execution());
  EXPECT_EQ(ReasonOf(made.status()), reason::kNegativeWeight);
}

TEST(FactorProblem, OfCosinesAgreesWithTheDenseEngine) {
  const Matrix activity = NoisySignals(30, 120, 1).cwiseAbs();
  const SimilarityMatrix cosines = *CosineOfColumns(activity, Execution());
  const Labels labels = RandomModules(120, 4, 2);
  for (const QualityFunction function : {QualityFunction::kModularity,
                                         QualityFunction::kNegativeAsym,
                                         QualityFunction::kUniform}) {
    QualityOptions options;
    options.function = function;
    options.gamma = 0.8;
    const auto dense = ModularityProblem::Make(cosines.values, options);
    const auto factor =
        MakeFactorProblem(*CosineRowsOfColumns(activity, Execution()),
                          AllUnits(120),
                          options,
                          Execution());
    ASSERT_TRUE(dense.ok() && factor.ok()) << factor.status();
    EXPECT_NEAR(factor->Quality(labels), dense->Quality(labels), 1e-12);
    EXPECT_LT((factor->k_plus() - dense->k_plus()).norm(), 1e-10);
  }
}

// The consensus of runs does not see what they were made of.
TEST(FactorProblem, HasTheConsensusOfTheDenseEngine) {
  const Matrix activity = NoisySignals(60, 200, 5);
  for (const QualityFunction function :
       {QualityFunction::kNegativeSym, QualityFunction::kNegativeAsym}) {
    PartitionOptions options;
    options.quality.function = function;
    options.runs = 5;
    const SimilarityMatrix similarity = *CorrelationOfColumns(activity, {});
    const auto dense =
        Partition(similarity.values, similarity.valid, options, {});
    const auto factor =
        Partition(*CorrelationRowsOfColumns(activity, {}), options, {});
    ASSERT_TRUE(dense.ok() && factor.ok());
    EXPECT_EQ(factor->labels, dense->labels);
    EXPECT_NEAR(factor->quality, dense->quality, 1e-12);
  }
}

TEST(FloatProducts, AreTheSimilarityInFloat32) {
  const Matrix activity = NoisySignals(30, 600, 4);
  const Matrix expected = CorrelationOfColumns(activity, {})->values;
  const auto floats =
      FloatProducts(*CorrelationRowsOfColumns(activity, {}), Execution());
  ASSERT_TRUE(floats.ok());
  const Matrix actual =
      Eigen::Map<const FloatMatrix>(floats->values.get(), 600, 600)
          .cast<double>();
  EXPECT_LT((actual - expected).cwiseAbs().maxCoeff(), 1e-6);
  EXPECT_EQ((actual - actual.transpose()).cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(actual(0, 0), 1);
  EXPECT_EQ(actual(3, 3), 0);
}

}  // namespace
}  // namespace modbound
