#include "core/modules/induced_quality.h"

#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

const Matrix& GoldenWeights() {
  static const auto* const kWeights =
      new Matrix(LoadGolden("partition_stats", "consensus_weights").ToMatrix());
  return *kWeights;
}

Labels Induced() {
  return LoadGolden("partition_stats", "induced_partition").ToLabels();
}

TEST(InducedQuality, AgreesWithGoldenPermutations) {
  const Matrix permutations =
      LoadGolden("partition_stats", "induced_permutations").ToMatrix();
  const Labels labels = Induced();
  InducedQuality result;
  result.quality = *Quality(GoldenWeights(), labels, QualityOptions());
  result.null.resize(permutations.rows());
  for (Eigen::Index draw = 0; draw < permutations.rows(); ++draw) {
    Labels permuted;
    for (const double unit : permutations.row(draw)) {
      permuted.push_back(labels[static_cast<std::size_t>(unit)]);
    }
    result.null[draw] = *Quality(GoldenWeights(), permuted, QualityOptions());
  }
  TestAgainstNull(result);
  ExpectClose(Matrix::Constant(1, 1, result.quality),
              LoadGolden("partition_stats", "induced_q").ToMatrix(),
              1e-10,
              1e-12,
              "quality");
  ExpectClose(result.null,
              LoadGolden("partition_stats", "induced_q_permuted").ToMatrix(),
              1e-10,
              1e-12,
              "null");
  ASSERT_TRUE(result.p.has_value() && result.z.has_value());
  const Vector p = LoadGolden("partition_stats", "induced_p").ToVector();
  EXPECT_NEAR(*result.p, p[0], 1e-12);
  // The fraction of null values that reach the quality: without the 1 that our
  // p adds to both counts.
  const auto draws = static_cast<double>(result.null.size());
  EXPECT_NEAR((*result.p * (1 + draws) - 1) / draws, p[1], 1e-12);
  ExpectClose(Matrix::Constant(1, 1, *result.z),
              LoadGolden("partition_stats", "induced_z").ToMatrix(),
              1e-9,
              1e-9,
              "z");
}

TEST(InducedQuality, SampledMeanIsTheExactOne) {
  const auto result = ComputeInducedQuality(
      GoldenWeights(), Induced(), QualityOptions(), 4000, 1, Execution());
  ASSERT_TRUE(result.ok());
  const double mean = result->null.mean();
  const double sd = std::sqrt((result->null.array() - mean).square().mean());
  EXPECT_GT(sd, 0);
  // Five standard errors.
  EXPECT_NEAR(mean, result->exact_null_mean, 5 * sd / std::sqrt(4000.0));
}

TEST(InducedQuality, NullValuesAreQualitiesOfPermutedLabels) {
  // With two modules of 1 and 3 units there are four labellings.
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 4, 8);
  const auto result = ComputeInducedQuality(
      oracle.weights, {0, 1, 1, 1}, QualityOptions(), 200, 3, Execution());
  ASSERT_TRUE(result.ok());
  int seen[4] = {};
  for (const double value : result->null) {
    int match = -1;
    for (int unit = 0; unit < 4; ++unit) {
      Labels labels(4, 1);
      labels[unit] = 0;
      const double quality = *Quality(oracle.weights, labels, QualityOptions());
      match = std::abs(quality - value) < 1e-12 ? unit : match;
    }
    ASSERT_GE(match, 0);
    ++seen[match];
  }
  for (const int count : seen) {
    EXPECT_GT(count, 20);  // of 50 expected
  }
}

TEST(InducedQuality, SameBytesAtAnyThreadCount) {
  const auto one = ComputeInducedQuality(
      GoldenWeights(), Induced(), QualityOptions(), 100, 2, Execution());
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    EXPECT_EQ(
        ComputeInducedQuality(
            GoldenWeights(), Induced(), QualityOptions(), 100, 2, execution)
            ->null,
        one->null);
  }
  // More draws leave the first ones as they are.
  EXPECT_EQ(
      ComputeInducedQuality(
          GoldenWeights(), Induced(), QualityOptions(), 130, 2, Execution())
          ->null.head(100),
      one->null);
}

TEST(InducedQuality, EqualQualitiesCountAsReached) {
  // One module: every permutation is the same partition.
  const auto result = ComputeInducedQuality(
      GoldenWeights(), Labels(64, 0), QualityOptions(), 50, 0, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result->p, 1);
  EXPECT_FALSE(result->z.has_value());
}

TEST(InducedQuality, WithoutDrawsHasNoTest) {
  const auto result = ComputeInducedQuality(
      GoldenWeights(), Induced(), QualityOptions(), 0, 0, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->p.has_value());
  EXPECT_FALSE(result->z.has_value());
  EXPECT_EQ(result->null.size(), 0);
}

TEST(InducedQuality, ReportsEachDrawOfTheNullOnce) {
  Execution execution;
  execution.threads = 2;
  int64_t done = -1;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.phase, "null");
    EXPECT_EQ(update.unit, "draws");
    EXPECT_EQ(update.total, 100);
    EXPECT_GT(update.done, done);
    done = update.done;
  };
  ASSERT_TRUE(
      ComputeInducedQuality(
          GoldenWeights(), Induced(), QualityOptions(), 100, 0, execution)
          .ok());
  EXPECT_EQ(done, 100);
}

TEST(InducedQuality, LeavesExcludedUnitsOut) {
  Labels labels = Induced();
  labels[5] = labels[9] = -1;
  const auto result = ComputeInducedQuality(
      GoldenWeights(), labels, QualityOptions(), 10, 0, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->excluded_units, 2);
  EXPECT_EQ(result->quality,
            *Quality(GoldenWeights(), labels, QualityOptions()));
}

TEST(InducedQuality, RefusesAndStops) {
  EXPECT_EQ(
      FieldOf(ComputeInducedQuality(
                  GoldenWeights(), {0, 1}, QualityOptions(), 10, 0, Execution())
                  .status()),
      "labels");
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(
      ReasonOf(ComputeInducedQuality(
                   GoldenWeights(), Induced(), QualityOptions(), 10, 0, stopped)
                   .status()),
      reason::kCancelled);
}

TEST(InducedQuality, GoesOnFromEachCheckpointWithTheSameBytes) {
  ExpectGoesOn(
      [](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto result = ComputeInducedQuality(
            GoldenWeights(), Induced(), QualityOptions(), 250, 3, execution);
        if (!result.ok()) {
          return result.status();
        }
        std::string bytes;
        AppendBytes(result->null, bytes);
        AppendBytes(&*result->p, 1, bytes);
        return bytes;
      },
      16);
}

}  // namespace
}  // namespace modbound
