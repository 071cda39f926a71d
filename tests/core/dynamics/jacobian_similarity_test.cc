#include "core/dynamics/jacobian_similarity.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/dynamics/jacobian.h"
#include "core/statistics/correlation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"
#include "support/threads.h"

namespace modbound {
namespace {

constexpr auto kStep = static_cast<std::size_t>(JacobianPart::kStep);
constexpr auto kFlow = static_cast<std::size_t>(JacobianPart::kFlow);
constexpr auto kWeights = static_cast<std::size_t>(JacobianPart::kWeights);

// Two groups of four units: rows alike within a group, opposite between, plus
// a little of its own for each.
Network TwoGroups() {
  RandomStream random(5, RandomPurpose::kInitialWeights, 0);
  Network network;
  network.w_rec.resize(8, 8);
  for (int64_t i = 0; i < 8; ++i) {
    for (int64_t j = 0; j < 8; ++j) {
      network.w_rec(i, j) =
          ((i < 4) == (j % 2 == 0) ? 1 : -1) + 0.1 * random.Normal();
    }
  }
  network.w_in = Matrix::Zero(8, 1);
  network.b_in = network.b_rec = Vector::Zero(8);
  network.w_out = Matrix::Zero(2, 8);
  network.b_out = Vector::Zero(2);
  return network;
}

// Activity of two groups that go opposite ways; unit 7 silent when asked.
SimilarityMatrix GroupCorrelation(bool has_silent) {
  RandomStream random(6, RandomPurpose::kSimulationTrials, 0);
  Matrix activity(50, 8);
  for (int64_t t = 0; t < 50; ++t) {
    const double common = random.Normal();
    for (int64_t i = 0; i < 8; ++i) {
      activity(t, i) = (i < 4 ? common : -common) + 0.3 * random.Normal();
    }
  }
  if (has_silent) {
    activity.col(7).setZero();
  }
  return *CorrelationOfColumns(activity, Execution());
}

JacobianSimilarityOptions Options() {
  JacobianSimilarityOptions options;
  options.null_count = 99;
  return options;
}

TEST(JacobianSimilarity, FindsTheGroupsOfAllThreeMatrices) {
  const Vector gain = Vector::Constant(8, 0.5);
  const auto result = ComputeJacobianSimilarity(
      TwoGroups(), gain, GroupCorrelation(false), Options(), Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->active_units, 8);
  for (std::size_t part = 0; part < kJacobianParts; ++part) {
    EXPECT_EQ(result->labels[part], (Labels{0, 0, 0, 0, 1, 1, 1, 1}));
    EXPECT_GT(result->comparison[part].r, 0.5);
    ASSERT_TRUE(result->comparison[part].induced.p.has_value());
    EXPECT_LT(*result->comparison[part].induced.p, 0.1);
  }
  EXPECT_EQ(result->jacobian, JacobianFromGain(TwoGroups(), gain));
}

TEST(JacobianSimilarity, AtAlphaOneRowsOfStepAndWeightsAreParallel) {
  const Vector gain = Vector::LinSpaced(8, 0.1, 1);
  const auto result = ComputeJacobianSimilarity(
      TwoGroups(), gain, GroupCorrelation(false), Options(), Threads(1));
  ASSERT_TRUE(result.ok());
  ExpectClose(result->similarity[kStep].values,
              result->similarity[kWeights].values,
              0,
              1e-14,
              "similarity");
  EXPECT_GT(
      (result->similarity[kFlow].values - result->similarity[kWeights].values)
          .cwiseAbs()
          .maxCoeff(),
      0.01);
}

TEST(JacobianSimilarity, UnitsWithoutGainHaveNoModuleButCountAsZeros) {
  Vector gain = Vector::Ones(8);
  gain(3) = 0;
  const SimilarityMatrix correlation = GroupCorrelation(true);
  const auto result = ComputeJacobianSimilarity(
      TwoGroups(), gain, correlation, Options(), Threads(1));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->active_units, 7);
  EXPECT_EQ(result->labels[kStep][3], -1);
  // J - I has -1 on the diagonal there: its row is not zero.
  EXPECT_GE(result->labels[kFlow][3], 0);
  EXPECT_EQ(result->similarity[kStep].values.row(3), Matrix::Zero(1, 8));
  const MatrixComparison& step = result->comparison[kStep];
  EXPECT_EQ(step.units, 6);
  const std::vector<int64_t> units = {0, 1, 2, 4, 5, 6};
  EXPECT_NEAR(
      step.r,
      PearsonCorrelation(UpperTriangle(result->similarity[kStep].values, units),
                         UpperTriangle(correlation.values, units))
          .r,
      1e-14);
  EXPECT_NEAR(
      step.r_all_units,
      PearsonCorrelation(UpperTriangle(result->similarity[kStep].values),
                         UpperTriangle(correlation.values))
          .r,
      1e-14);
}

TEST(JacobianSimilarity, AZeroJacobianIsAResult) {
  const auto result = ComputeJacobianSimilarity(TwoGroups(),
                                                Vector::Zero(8),
                                                GroupCorrelation(false),
                                                Options(),
                                                Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->labels[kStep], Labels(8, -1));
  EXPECT_TRUE(std::isnan(result->comparison[kStep].r));
  EXPECT_TRUE(std::isfinite(result->comparison[kWeights].r));
}

TEST(JacobianSimilarity, BytesDoNotDependOnThreads) {
  const auto compute = [](int threads) {
    return *ComputeJacobianSimilarity(TwoGroups(),
                                      Vector::LinSpaced(8, 0, 1),
                                      GroupCorrelation(true),
                                      Options(),
                                      Threads(threads));
  };
  const JacobianSimilarity one = compute(1);
  for (const int threads : {2, 4}) {
    const JacobianSimilarity many = compute(threads);
    for (std::size_t part = 0; part < kJacobianParts; ++part) {
      EXPECT_EQ(one.similarity[part].values, many.similarity[part].values);
      EXPECT_EQ(one.labels[part], many.labels[part]);
      EXPECT_EQ(one.comparison[part].r, many.comparison[part].r);
      EXPECT_EQ(one.comparison[part].induced.null,
                many.comparison[part].induced.null);
    }
  }
}

TEST(JacobianSimilarity, EachPartHasItsOwnPhases) {
  ProgressLog log;
  ASSERT_TRUE(ComputeJacobianSimilarity(TwoGroups(),
                                        Vector::Constant(8, 0.5),
                                        GroupCorrelation(false),
                                        Options(),
                                        log.Watch(2))
                  .ok());
  const std::vector<std::string> ends = log.Ends();
  for (const std::string part : {"step", "flow", "weights"}) {
    for (const char* phase : {", similarity: 36 of 36 pairs",
                              ", partitioning: 100 of 100 runs",
                              ", null: 99 of 99 draws"}) {
      EXPECT_THAT(ends, testing::Contains(part + phase));
    }
    EXPECT_THAT(
        ends,
        testing::Contains(
            part + ", consensus round 1, partitioning: 100 of 100 runs"));
  }
}

TEST(JacobianSimilarity, RefusesActivityOfOtherUnits) {
  Network network = TwoGroups();
  network.w_rec.conservativeResize(6, 6);
  const absl::Status status = ComputeJacobianSimilarity(network,
                                                        Vector::Ones(6),
                                                        GroupCorrelation(false),
                                                        Options(),
                                                        Threads(1))
                                  .status();
  EXPECT_EQ(ReasonOf(status), reason::kWrongShape);
  EXPECT_EQ(FieldOf(status), "activity");
}

TEST(JacobianSimilarity, GoesOnFromEachCheckpointWithTheSameBytes) {
  const Vector gain = Vector::Constant(8, 0.5);
  JacobianSimilarityOptions options = Options();
  options.partition.runs = 5;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto result = ComputeJacobianSimilarity(
            TwoGroups(), gain, GroupCorrelation(true), options, execution);
        if (!result.ok()) {
          return result.status();
        }
        std::string bytes;
        for (std::size_t part = 0; part < kJacobianParts; ++part) {
          AppendBytes(result->similarity[part].values, bytes);
          AppendBytes(result->labels[part], bytes);
          AppendBytes(result->comparison[part].induced.null, bytes);
        }
        return bytes;
      },
      // Of each part: runs, runs of a consensus round, blocks of draws.
      3 * (5 + 100 + 7));
}

}  // namespace
}  // namespace modbound
