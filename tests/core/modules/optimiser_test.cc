#include "core/modules/optimiser.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr Algorithm kAlgorithms[] = {
    Algorithm::kLouvain, Algorithm::kLeiden, Algorithm::kIterated};

std::string NameOf(Algorithm algorithm) {
  return algorithm == Algorithm::kLouvain  ? "Louvain"
         : algorithm == Algorithm::kLeiden ? "Leiden"
                                           : "Iterated";
}

std::vector<PartitionRun> Runs(const ModularityProblem& problem,
                               Algorithm algorithm,
                               int64_t runs,
                               uint64_t seed = 0,
                               const Execution& execution = {}) {
  return PartitionRuns(problem,
                       algorithm,
                       runs,
                       seed,
                       RandomPurpose::kOptimiserRun,
                       0,
                       execution)
      .value();
}

ModularityProblem MakeProblem(const Matrix& weights,
                              const QualityOptions& options = {},
                              const Matrix* null_matrix = nullptr) {
  return ModularityProblem::Make(weights, options, null_matrix).value();
}

class Optimisers : public testing::TestWithParam<Algorithm> {
 protected:
  static std::vector<PartitionRun> Run(const ModularityProblem& problem,
                                       int64_t runs,
                                       uint64_t seed = 0,
                                       const Execution& execution = {}) {
    return Runs(problem, GetParam(), runs, seed, execution);
  }
};

INSTANTIATE_TEST_SUITE_P(All,
                         Optimisers,
                         testing::ValuesIn(kAlgorithms),
                         [](const auto& param) { return NameOf(param.param); });

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
// at a time: a few cases of 72 end in the second-best partition.
TEST_P(Optimisers, FindTheBestQualityPartitions) {
  int missed = 0;
  for (const QualityFunction function : kAllFunctions) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      for (const Eigen::Index n : {3, 8}) {
        const OracleCase oracle = RandomOracleCase(function, n, seed);
        QualityOptions options;
        options.function = function;
        const std::vector<PartitionRun> runs =
            Run(MakeProblem(oracle.weights, options, &oracle.null_matrix),
                60,
                seed);
        const double best = BestQuality(FullQualityMatrix(oracle, options));
        const double found = runs[BestRun(runs)].quality;
        EXPECT_LE(found, best + 1e-12);
        missed += found < best - 1e-9 ? 1 : 0;
      }
    }
  }
  EXPECT_LE(missed, GetParam() == Algorithm::kLouvain ? 2 : 1);
}

TEST_P(Optimisers, SplitTwoCliquesJoinedByOneEdge) {
  Matrix weights = Matrix::Zero(8, 8);
  weights.topLeftCorner(4, 4).setOnes();
  weights.bottomRightCorner(4, 4).setOnes();
  weights(3, 4) = weights(4, 3) = 1;
  for (const PartitionRun& run : Run(MakeProblem(weights), 20)) {
    EXPECT_EQ(run.labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1}));
  }
}

TEST_P(Optimisers, LeaveNoGainInASingleMove) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const OracleCase oracle =
        RandomOracleCase(QualityFunction::kNegativeSym, 40, seed);
    QualityOptions options;
    options.function = QualityFunction::kNegativeSym;
    const ModularityProblem problem = MakeProblem(oracle.weights, options);
    const PartitionRun run = Run(problem, 1, seed)[0];
    const int32_t modules = NumModules(run.labels);
    for (std::size_t unit = 0; unit < 40; ++unit) {
      for (int32_t to = 0; to <= modules; ++to) {
        Labels moved = run.labels;
        moved[unit] = to;
        EXPECT_LE(problem.Quality(moved), run.quality + 1.1e-10);
      }
    }
  }
}

// Merging any two modules gains nothing either.
TEST_P(Optimisers, LeaveNoGainInAMerge) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 60, 5);
  const ModularityProblem problem = MakeProblem(oracle.weights);
  const PartitionRun run = Run(problem, 1)[0];
  for (int32_t a = 0; a < NumModules(run.labels); ++a) {
    for (int32_t b = 0; b < a; ++b) {
      Labels merged = run.labels;
      std::replace(merged.begin(), merged.end(), a, b);
      EXPECT_LE(problem.Quality(merged), run.quality + 1.1e-10);
    }
  }
}

struct Bar {
  const char* name;
  std::vector<std::pair<QualityFunction, const char*>> functions;
  // Whether LOUVAIN's mean reaches the bar: where nearly every run of the
  // reference finds the best, a few of 50 that do not are below it.
  bool louvain_mean = true;
};

class OptimiserBar : public testing::TestWithParam<std::tuple<Algorithm, Bar>> {
};

// Best and mean of 50 runs against 50 runs of the reference implementation.
TEST_P(OptimiserBar, IsReached) {
  const auto& [algorithm, golden] = GetParam();
  const std::string name = golden.name;
  const Matrix weights = LoadGolden(name, "weights").ToMatrix();
  for (const auto& [function, word] : golden.functions) {
    const Matrix bar = LoadGolden(name, std::string("bct_") + word).ToMatrix();
    for (int g = 0; g < 3; ++g) {
      QualityOptions options;
      options.function = function;
      options.gamma = 0.5 + 0.5 * g;
      options.keep_diagonal = true;
      const ModularityProblem problem = MakeProblem(weights, options);
      const std::vector<PartitionRun> runs = Runs(problem, algorithm, 50, 1);
      Vector quality(50);
      for (int run = 0; run < 50; ++run) {
        quality[run] = runs[run].quality;
        EXPECT_NEAR(problem.Quality(runs[run].labels), quality[run], 1e-14);
      }
      const double best = bar(g, 0);
      const double mean = bar(g, 1);
      const double sd = bar(g, 2);
      EXPECT_GE(quality.maxCoeff(), best - 1e-9 - sd) << word << " " << g;
      if (algorithm != Algorithm::kLouvain || golden.louvain_mean) {
        EXPECT_GE(quality.mean(), mean - 1e-9 - 0.5 * sd) << word << " " << g;
      }
    }
  }
}

const std::vector<std::pair<QualityFunction, const char*>> kSigned = {
    {QualityFunction::kNegativeSym, "negative_sym"},
    {QualityFunction::kNegativeAsym, "negative_asym"}};

INSTANTIATE_TEST_SUITE_P(
    Cases,
    OptimiserBar,
    testing::Combine(
        testing::ValuesIn(kAlgorithms),
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
                        Bar{"modularity_corr200_zerodiag", kSigned, false},
                        Bar{"modularity_corr64_unitdiag", kSigned},
                        Bar{"modularity_corr64_zerodiag", kSigned},
                        Bar{"modularity_noise64_zerodiag", kSigned},
                        Bar{"modularity_rnn64_zerodiag", kSigned})),
    [](const auto& param) {
      return NameOf(std::get<0>(param.param)) + "_" +
             (std::get<1>(param.param).name + 11);
    });

// Large enough that one node's links are kept (see local_moves.h), with many
// moves after that.
TEST_P(Optimisers, FindTheSameLabelsAtAnyThreadCount) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 150, 9);
  const ModularityProblem problem = MakeProblem(oracle.weights);
  const std::vector<PartitionRun> one = Run(problem, 12, 3);
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    const std::vector<PartitionRun> more = Run(problem, 12, 3, execution);
    for (std::size_t run = 0; run < one.size(); ++run) {
      EXPECT_EQ(more[run].labels, one[run].labels);
      EXPECT_EQ(more[run].quality, one[run].quality);
    }
  }
}

// Of one run the passes over nodes and columns are shared; sums of modules have
// more columns than one work item takes.
TEST(Optimiser, OneRunIsTheSameAtAnyThreadCount) {
  constexpr Eigen::Index kNodes = 2100;
  RandomStream random(5, RandomPurpose::kControlUnits, 0);
  Matrix weights(kNodes, kNodes);
  for (Eigen::Index i = 0; i < kNodes; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      weights(i, j) = weights(j, i) =
          random.Normal() + (i % 5 == j % 5 ? .15 : 0);
    }
  }
  Execution four;
  four.threads = 4;
  const ModularityProblem problem = MakeProblem(weights);
  const auto shared = ModularityProblem::Make(weights, {}, nullptr, four);
  ASSERT_TRUE(shared.ok());
  EXPECT_EQ(shared->k_plus(), problem.k_plus());
  for (const Algorithm algorithm : {Algorithm::kLouvain, Algorithm::kLeiden}) {
    const PartitionRun one = Runs(problem, algorithm, 1, 3)[0];
    const PartitionRun more = Runs(*shared, algorithm, 1, 3, four)[0];
    EXPECT_EQ(more.labels, one.labels);
    EXPECT_EQ(more.quality, one.quality);
    // The planted modules, which noise alone has not.
    EXPECT_GT(one.quality, .02);
  }
}

TEST_P(Optimisers, FindTheSameModulesAtAnyScale) {
  const OracleCase oracle = RandomOracleCase(QualityFunction::kCustom, 30, 2);
  QualityOptions options;
  options.function = QualityFunction::kCustom;
  const Matrix large_null = 0x1p60 * oracle.null_matrix;
  EXPECT_EQ(
      Run(MakeProblem(oracle.weights, options, &oracle.null_matrix), 1)[0]
          .labels,
      Run(MakeProblem(0x1p60 * oracle.weights, options, &large_null), 1)[0]
          .labels);
}

TEST_P(Optimisers, LeaveUnitsWithoutWeightsAlone) {
  const PartitionRun run = Run(MakeProblem(Matrix::Zero(4, 4)), 1)[0];
  EXPECT_EQ(run.labels, (Labels{0, 1, 2, 3}));
  EXPECT_EQ(run.quality, 0);
  EXPECT_EQ(Run(MakeProblem(Matrix::Ones(1, 1)), 1)[0].labels, Labels{0});
}

// Every B_ij is 0 up to rounding: with equal weights, diagonal included,
// w_ij / s = k_i k_j / s^2. Nothing gains, so nothing moves.
TEST_P(Optimisers, EndAtOnceWhereNothingGains) {
  QualityOptions options;
  options.keep_diagonal = true;
  for (const Eigen::Index n : {7, 130}) {
    const PartitionRun run =
        Run(MakeProblem(Matrix::Constant(n, n, 0.1), options), 1)[0];
    EXPECT_EQ(NumModules(run.labels), n);
    EXPECT_NEAR(run.quality, 0, 1e-14);
  }
}

// The input on which a public port's loop does not end: directed and signed,
// its null not symmetric. (W + W')/2 has a quality that each move raises.
TEST_P(Optimisers, EndOnDirectedSignedNoise) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    RandomStream random(seed, RandomPurpose::kControlUnits, 1);
    Matrix weights(60, 60);
    for (double& weight : weights.reshaped()) {
      weight = random.Normal();
    }
    for (const QualityFunction function :
         {QualityFunction::kNegativeAsym, QualityFunction::kNegativeSym}) {
      QualityOptions options;
      options.function = function;
      options.directed = true;
      for (const PartitionRun& run : Run(MakeProblem(weights, options), 5)) {
        EXPECT_GT(run.quality, 0);
      }
    }
  }
}

// One module's modules all tie: a ring of equal cliques, each joined to the
// next by one edge, and rings of equal edges.
TEST_P(Optimisers, EndWhereManyMovesTie) {
  const Eigen::Index cliques = 12;
  Matrix weights = Matrix::Zero(5 * cliques, 5 * cliques);
  for (Eigen::Index c = 0; c < cliques; ++c) {
    weights.block(5 * c, 5 * c, 5, 5).setOnes();
    const Eigen::Index next = 5 * ((c + 1) % cliques);
    weights(5 * c + 4, next) = weights(next, 5 * c + 4) = 1;
  }
  for (const PartitionRun& run : Run(MakeProblem(weights), 5)) {
    for (Eigen::Index unit = 0; unit < weights.rows(); ++unit) {
      EXPECT_EQ(run.labels[unit], run.labels[unit / 5 * 5]);
    }
  }
  Matrix ring = Matrix::Zero(64, 64);
  for (Eigen::Index i = 0; i < 64; ++i) {
    ring(i, (i + 1) % 64) = ring((i + 1) % 64, i) = 1;
  }
  // The best is 8 arcs of 8: Q = 8 (14/128 - (16/128)^2).
  for (const PartitionRun& run : Run(MakeProblem(ring), 5)) {
    EXPECT_GT(run.quality, 0.7);
    EXPECT_LE(run.quality, 8 * (14. / 128 - 1. / 64) + 1e-12);
  }
}

// Each function without positive weights, without negative ones, with a unit
// joined to nobody and one with the same weight to all.
TEST_P(Optimisers, TakeEveryDegenerateMatrix) {
  for (const QualityFunction function : kAllFunctions) {
    for (const double sign : {1., -1.}) {
      if (sign < 0 && (function == QualityFunction::kModularity ||
                       function == QualityFunction::kPotts)) {
        continue;
      }
      Matrix weights = Matrix::Zero(7, 7);
      weights.block(0, 0, 3, 3).setConstant(sign);
      weights.block(3, 3, 2, 2).setConstant(sign);
      weights.row(5).head(5).setConstant(sign);
      weights.col(5).head(5).setConstant(sign);
      const Matrix null = Matrix::Constant(7, 7, 0.1);
      QualityOptions options;
      options.function = function;
      const ModularityProblem problem = MakeProblem(weights, options, &null);
      const OracleCase oracle{weights, null, {}};
      const double best = BestQuality(FullQualityMatrix(oracle, options));
      const std::vector<PartitionRun> runs = Run(problem, 20);
      EXPECT_NEAR(runs[BestRun(runs)].quality, best, 1e-12)
          << static_cast<int>(function) << " " << sign;
    }
  }
}

TEST_P(Optimisers, StopWhenAsked) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 20, 1);
  const ModularityProblem problem = MakeProblem(oracle.weights);
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
      problem, GetParam(), 1000, 0, RandomPurpose::kOptimiserRun, 0, execution);
  EXPECT_EQ(ReasonOf(runs.status()), reason::kCancelled);
  EXPECT_EQ(finished, 3);
}

// Each begins with what the one before does, from the same random numbers.
TEST(Optimiser, EachDoesAtLeastAsWellAsTheOneBefore) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const OracleCase oracle =
        RandomOracleCase(QualityFunction::kNegativeAsym, 90, seed);
    const ModularityProblem problem = MakeProblem(oracle.weights);
    std::vector<double> sums;
    for (const Algorithm algorithm : kAlgorithms) {
      const std::vector<PartitionRun> runs = Runs(problem, algorithm, 10);
      double sum = 0;
      for (const PartitionRun& run : runs) {
        sum += run.quality;
      }
      sums.push_back(sum);
    }
    EXPECT_GE(sums[1], sums[0]);
    EXPECT_GT(sums[2], sums[0]);
  }
}

TEST(BestRun, TakesTheEarliestOfEquals) {
  EXPECT_EQ(BestRun({{{}, 1}, {{}, 3}, {{}, 3}, {{}, 2}}), 1);
}

}  // namespace
}  // namespace modbound
