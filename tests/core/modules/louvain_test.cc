#include "core/modules/louvain.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "core/statistics/summary.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"

namespace modbound {
namespace {

std::vector<PartitionRun> Runs(const ModularityProblem& problem,
                               int64_t runs,
                               uint64_t seed = 0,
                               const Execution& execution = {}) {
  return PartitionRuns(
             problem, runs, seed, RandomPurpose::kOptimiserRun, 0, execution)
      .value();
}

// The largest quality over all partitions of n units: labels in restricted
// growth order.
double BestQuality(const Matrix& full) {
  const int64_t n = full.rows();
  Labels labels(static_cast<std::size_t>(n), 0);
  double best = SumWithin(full, labels);
  while (true) {
    int64_t at = n - 1;
    while (at > 0 &&
           labels[static_cast<std::size_t>(at)] >
               *std::max_element(labels.begin(), labels.begin() + at)) {
      --at;
    }
    if (at == 0) {
      return best;
    }
    ++labels[static_cast<std::size_t>(at)];
    std::fill(labels.begin() + at + 1, labels.end(), 0);
    best = std::max(best, SumWithin(full, labels));
  }
}

// Dense noise on 8 units is hard for any method that moves one unit or module
// at a time: one case of 72 ends in the second-best partition.
TEST(Louvain, FindsTheBestQualityPartitions) {
  int missed = 0;
  for (const QualityFunction function : kAllFunctions) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      for (const Eigen::Index n : {3, 8}) {
        const OracleCase oracle = RandomOracleCase(function, n, seed);
        QualityOptions options;
        options.function = function;
        const auto problem = ModularityProblem::Make(
            oracle.weights, options, &oracle.null_matrix);
        ASSERT_TRUE(problem.ok());
        const std::vector<PartitionRun> runs = Runs(*problem, 60, seed);
        const double best = BestQuality(FullQualityMatrix(oracle, options));
        const double found = runs[BestRun(runs)].quality;
        EXPECT_LE(found, best + 1e-12);
        missed += found < best - 1e-9 ? 1 : 0;
      }
    }
  }
  EXPECT_LE(missed, 1);
}

TEST(Louvain, SplitsTwoCliquesJoinedByOneEdge) {
  Matrix weights = Matrix::Zero(8, 8);
  weights.topLeftCorner(4, 4).setOnes();
  weights.bottomRightCorner(4, 4).setOnes();
  weights(3, 4) = weights(4, 3) = 1;
  const auto problem = ModularityProblem::Make(weights, QualityOptions());
  for (const PartitionRun& run : Runs(*problem, 20)) {
    EXPECT_EQ(run.labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1}));
  }
}

TEST(Louvain, LeavesNoGainInASingleMove) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const OracleCase oracle =
        RandomOracleCase(QualityFunction::kNegativeSym, 40, seed);
    QualityOptions options;
    options.function = QualityFunction::kNegativeSym;
    const auto problem = ModularityProblem::Make(oracle.weights, options);
    const PartitionRun run = Runs(*problem, 1, seed)[0];
    const int32_t modules = NumModules(run.labels);
    for (std::size_t unit = 0; unit < 40; ++unit) {
      for (int32_t to = 0; to <= modules; ++to) {
        Labels moved = run.labels;
        moved[unit] = to;
        EXPECT_LE(problem->Quality(moved), run.quality + 1.1e-10);
      }
    }
  }
}

struct Bar {
  const char* name;
  std::vector<std::pair<QualityFunction, const char*>> functions;
};

class LouvainBar : public testing::TestWithParam<Bar> {};

// Best and mean of 50 runs against 50 runs of the reference implementation.
TEST_P(LouvainBar, ReachesTheReferenceOptimiser) {
  const std::string name = GetParam().name;
  const Matrix weights = LoadGolden(name, "weights").ToMatrix();
  for (const auto& [function, word] : GetParam().functions) {
    const Matrix bar = LoadGolden(name, std::string("bct_") + word).ToMatrix();
    for (int g = 0; g < 3; ++g) {
      QualityOptions options;
      options.function = function;
      options.gamma = 0.5 + 0.5 * g;
      options.keep_diagonal = true;
      const auto problem = ModularityProblem::Make(weights, options);
      ASSERT_TRUE(problem.ok()) << problem.status();
      const std::vector<PartitionRun> runs = Runs(*problem, 50, 1);
      Vector quality(50);
      for (int run = 0; run < 50; ++run) {
        quality[run] = runs[run].quality;
        EXPECT_NEAR(
            problem->Quality(runs[run].labels), runs[run].quality, 1e-14);
      }
      const double best = bar(g, 0);
      const double mean = bar(g, 1);
      const double sd = bar(g, 2);
      EXPECT_GE(quality.maxCoeff(), best - 1e-9 - sd) << word << " " << g;
      EXPECT_GE(quality.mean(), mean - 1e-9 - 0.5 * sd) << word << " " << g;
    }
  }
}

const std::vector<std::pair<QualityFunction, const char*>> kSigned = {
    {QualityFunction::kNegativeSym, "negative_sym"},
    {QualityFunction::kNegativeAsym, "negative_asym"}};

INSTANTIATE_TEST_SUITE_P(
    Cases,
    LouvainBar,
    testing::Values(Bar{"modularity_abs64_zerodiag",
                        {{QualityFunction::kModularity, "modularity"},
                         kSigned[0],
                         kSigned[1]}},
                    Bar{"modularity_bin64_zerodiag",
                        {{QualityFunction::kModularity, "modularity"},
                         {QualityFunction::kPotts, "potts"},
                         kSigned[0],
                         kSigned[1]}},
                    Bar{"modularity_corr10_unitdiag", kSigned},
                    Bar{"modularity_corr10_zerodiag", kSigned},
                    Bar{"modularity_corr200_zerodiag", kSigned},
                    Bar{"modularity_corr64_unitdiag", kSigned},
                    Bar{"modularity_corr64_zerodiag", kSigned},
                    Bar{"modularity_noise64_zerodiag", kSigned},
                    Bar{"modularity_rnn64_zerodiag", kSigned}),
    [](const auto& param) { return std::string(param.param.name + 11); });

// Large enough that one node's links are kept (see local_moves.h), with many
// moves after that.
TEST(Louvain, SameLabelsAtAnyThreadCount) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 150, 9);
  const auto problem =
      ModularityProblem::Make(oracle.weights, QualityOptions());
  const std::vector<PartitionRun> one = Runs(*problem, 12, 3);
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    const std::vector<PartitionRun> more = Runs(*problem, 12, 3, execution);
    for (std::size_t run = 0; run < one.size(); ++run) {
      EXPECT_EQ(more[run].labels, one[run].labels);
      EXPECT_EQ(more[run].quality, one[run].quality);
    }
  }
}

TEST(Louvain, FindsTheSameModulesAtAnyScale) {
  const OracleCase oracle = RandomOracleCase(QualityFunction::kCustom, 30, 2);
  QualityOptions options;
  options.function = QualityFunction::kCustom;
  const auto problem =
      ModularityProblem::Make(oracle.weights, options, &oracle.null_matrix);
  const Matrix large_null = 0x1p60 * oracle.null_matrix;
  const auto large =
      ModularityProblem::Make(0x1p60 * oracle.weights, options, &large_null);
  EXPECT_EQ(Runs(*problem, 1)[0].labels, Runs(*large, 1)[0].labels);
}

TEST(Louvain, LeavesUnitsWithoutWeightsAlone) {
  const auto problem =
      ModularityProblem::Make(Matrix::Zero(4, 4), QualityOptions());
  const PartitionRun run = Runs(*problem, 1)[0];
  EXPECT_EQ(run.labels, (Labels{0, 1, 2, 3}));
  EXPECT_EQ(run.quality, 0);
  const auto single =
      ModularityProblem::Make(Matrix::Ones(1, 1), QualityOptions());
  EXPECT_EQ(Runs(*single, 1)[0].labels, Labels{0});
}

TEST(Louvain, StopsWhenAsked) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 20, 1);
  const auto problem =
      ModularityProblem::Make(oracle.weights, QualityOptions());
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  int64_t finished = 0;
  execution.progress = [&](const ProgressUpdate& update) {
    finished = update.done;
    if (update.done == 3) {
      stop.Stop();
    }
  };
  const auto runs = PartitionRuns(
      *problem, 1000, 0, RandomPurpose::kOptimiserRun, 0, execution);
  EXPECT_EQ(ReasonOf(runs.status()), reason::kCancelled);
  EXPECT_EQ(finished, 3);
}

TEST(BestRun, TakesTheEarliestOfEquals) {
  EXPECT_EQ(BestRun({{{}, 1}, {{}, 3}, {{}, 3}, {{}, 2}}), 1);
}

}  // namespace
}  // namespace modbound
