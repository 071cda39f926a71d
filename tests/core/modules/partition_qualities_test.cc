#include "core/modules/partition_qualities.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

constexpr Eigen::Index kUnits = 30;

// Partitions of 30 units with three different sets of units left out, taking
// turns; more of each set than one batch.
std::vector<Labels> Partitions() {
  RandomStream random(7, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> partitions;
  for (int p = 0; p < 60; ++p) {
    Labels labels;
    for (Eigen::Index i = 0; i < kUnits; ++i) {
      labels.push_back(static_cast<int32_t>(2 * random.Index(4)));
    }
    if (p % 3 == 1) {
      labels[4] = -1;
    } else if (p % 3 == 2) {
      labels[0] = labels[29] = -1;
    }
    partitions.push_back(labels);
  }
  return partitions;
}

TEST(QualitiesOf, AreThoseOfEachPartitionAlone) {
  for (const QualityFunction function : kAllFunctions) {
    const OracleCase oracle = RandomOracleCase(function, kUnits, 5);
    QualityOptions options;
    options.function = function;
    const std::vector<Labels> partitions = Partitions();
    for (const int threads : {1, 4}) {
      Execution execution;
      execution.threads = threads;
      const auto qualities = QualitiesOf(
          oracle.weights, partitions, options, execution, &oracle.null_matrix);
      ASSERT_TRUE(qualities.ok()) << qualities.status();
      ASSERT_EQ(qualities->size(), partitions.size());
      for (std::size_t p = 0; p < partitions.size(); ++p) {
        EXPECT_EQ(
            (*qualities)[p],
            *Quality(
                oracle.weights, partitions[p], options, &oracle.null_matrix));
      }
    }
  }
}

TEST(QualitiesOf, ReportsEveryPartitionAndStops) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, kUnits, 5);
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  int64_t done = -1;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.total, 60);
    EXPECT_GT(update.done, done);
    done = update.done;
  };
  ASSERT_TRUE(
      QualitiesOf(oracle.weights, Partitions(), QualityOptions(), execution)
          .ok());
  EXPECT_EQ(done, 60);
  // A stop after the first batch of the first set is the end of it.
  execution.progress = [&](const ProgressUpdate& update) {
    done = update.done;
    if (update.done > 0) {
      stop.Stop();
    }
  };
  EXPECT_EQ(
      ReasonOf(
          QualitiesOf(oracle.weights, Partitions(), QualityOptions(), execution)
              .status()),
      reason::kCancelled);
  EXPECT_EQ(done, 16);
}

TEST(QualitiesOf, RefusesWhatQualityRefuses) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 3, 5);
  const auto reason_of = [&](const std::vector<Labels>& partitions) {
    const absl::Status status =
        QualitiesOf(oracle.weights, partitions, QualityOptions(), Execution())
            .status();
    EXPECT_EQ(FieldOf(status), "labels");
    return ReasonOf(status);
  };
  EXPECT_EQ(reason_of({{0, 0, 1}, {0, 0}}), reason::kWrongShape);
  EXPECT_EQ(reason_of({{0, 0, 1}, {0, 0, -2}}), reason::kBadLabels);
  EXPECT_EQ(reason_of({{0, 0, 1}, {-1, -1, -1}}), reason::kDegenerate);
}

TEST(QualitiesOf, GoOnFromEachCheckpointWithTheSameBytes) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, kUnits, 5);
  const std::vector<Labels> partitions = Partitions();
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto qualities = QualitiesOf(
            oracle.weights, partitions, QualityOptions(), execution);
        if (!qualities.ok()) {
          return qualities.status();
        }
        std::string bytes;
        AppendBytes(*qualities, bytes);
        return bytes;
      },
      6);
}

}  // namespace
}  // namespace modbound
