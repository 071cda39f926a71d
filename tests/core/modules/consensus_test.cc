#include "core/modules/consensus.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/compare.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

std::vector<Labels> Rows(const Matrix& matrix) {
  std::vector<Labels> rows;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    rows.emplace_back(matrix.row(i).begin(), matrix.row(i).end());
  }
  return rows;
}

ConsensusOptions WithMethod(ConsensusMethod method) {
  ConsensusOptions options;
  options.method = method;
  return options;
}

constexpr ConsensusMethod kBoth[] = {ConsensusMethod::kThreshold,
                                     ConsensusMethod::kExpected};

TEST(AgreementCounts, AgreesWithGolden) {
  const auto counts = AgreementCounts(
      Rows(LoadGolden("partition_stats", "partitions").ToMatrix()));
  EXPECT_EQ(Matrix(counts.cast<double>()),
            LoadGolden("partition_stats", "agreement").ToMatrix());
  const auto runs = AgreementCounts(
      Rows(LoadGolden("partition_stats", "consensus_runs").ToMatrix()));
  ExpectClose(runs.cast<double>() / 100,
              LoadGolden("partition_stats", "consensus_agreement").ToMatrix(),
              0,
              1e-12,
              "consensus_agreement");
}

TEST(AgreementCounts, ExcludedUnitsAgreeWithNobody) {
  Matrix expected(3, 3);
  expected << 0, 1, 0, 1, 0, 0, 0, 0, 0;
  EXPECT_EQ(AgreementCounts({{0, 0, -1}, {0, 1, -1}}).cast<double>(), expected);
}

TEST(Consensus, AgreesWithGoldenPartition) {
  const std::vector<Labels> runs =
      Rows(LoadGolden("partition_stats", "consensus_runs").ToMatrix());
  const Labels expected =
      LoadGolden("partition_stats", "consensus_partition").ToLabels();
  for (const ConsensusMethod method : kBoth) {
    const auto labels = Consensus(runs, WithMethod(method), Execution());
    ASSERT_TRUE(labels.ok());
    EXPECT_EQ(AdjustedRandIndex(*labels, expected), 1);
    EXPECT_EQ(*labels, CanonicalLabels(*labels));
  }
}

TEST(Consensus, OfEqualPartitionsIsThatPartition) {
  const Labels labels = {0, 0, 0, 1, 1, 2};
  for (const ConsensusMethod method : kBoth) {
    EXPECT_EQ(*Consensus({labels, labels}, WithMethod(method), Execution()),
              labels);
  }
}

TEST(Consensus, FollowsTheMajority) {
  // Unit 2 is with 0 and 1 in two runs of three.
  const std::vector<Labels> runs = {
      {0, 0, 0, 1, 1, 1}, {0, 0, 0, 1, 1, 1}, {1, 1, 0, 0, 0, 0}};
  for (const ConsensusMethod method : kBoth) {
    EXPECT_EQ(*Consensus(runs, WithMethod(method), Execution()),
              (Labels{0, 0, 0, 1, 1, 1}));
  }
}

TEST(Consensus, NeverPartsUnitsThatAllRunsJoin) {
  RandomStream random(4, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> runs(7, Labels(30));
  for (Labels& run : runs) {
    for (std::size_t i = 0; i < run.size(); i += 2) {
      run[i] = run[i + 1] = static_cast<int32_t>(random.Index(4));
    }
  }
  for (const ConsensusMethod method : kBoth) {
    const Labels labels = *Consensus(runs, WithMethod(method), Execution());
    for (std::size_t i = 0; i < labels.size(); i += 2) {
      EXPECT_EQ(labels[i], labels[i + 1]);
    }
  }
}

TEST(Consensus, EndsAndIsRepeatableWithoutAnyStructure) {
  RandomStream random(5, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> runs(10, Labels(60));
  for (Labels& run : runs) {
    for (int32_t& label : run) {
      label = static_cast<int32_t>(random.Index(5));
    }
  }
  Execution four;
  four.threads = 4;
  for (const ConsensusMethod method : kBoth) {
    ConsensusOptions options = WithMethod(method);
    options.tau = 0.1;
    const auto one = Consensus(runs, options, Execution());
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(*one, *Consensus(runs, options, four));
    options.max_rounds = 1;
    EXPECT_TRUE(Consensus(runs, options, Execution()).ok());
  }
}

TEST(Consensus, AboveTauOneOnlyUnanimousUnitsStayTogether) {
  // tau 1: only pairs together in every run keep their weight.
  ConsensusOptions options = WithMethod(ConsensusMethod::kThreshold);
  options.tau = 1;
  EXPECT_EQ(*Consensus({{0, 0, 0, 0}, {0, 0, 1, 2}}, options, Execution()),
            (Labels{0, 0, 1, 2}));
}

TEST(Consensus, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(
      ReasonOf(
          Consensus({{0, 1}, {0, 0}}, ConsensusOptions(), stopped).status()),
      reason::kCancelled);
}

}  // namespace
}  // namespace modbound
