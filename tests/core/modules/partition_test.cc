#include "core/modules/partition.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/compare.h"
#include "core/modules/labels.h"
#include "core/network/run.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

Matrix TrainedNetwork() {
  return LoadGolden("modularity_rnn64_zerodiag", "weights").ToMatrix();
}

TEST(Partition, LabelsSilentUnitsMinusOneAndFindsTheGoldenModules) {
  const Matrix weights = TrainedNetwork();
  const auto result = Partition(weights, {}, PartitionOptions(), Execution());
  ASSERT_TRUE(result.ok()) << result.status();
  const Matrix best =
      LoadGolden("modularity_rnn64_zerodiag", "bct_negative_asym").ToMatrix();
  EXPECT_NEAR(result->quality, best(1, 0), 1e-9);
  EXPECT_EQ(result->module_sizes, (std::vector<int64_t>{13, 12, 11}));
  EXPECT_EQ(result->excluded_units.size(), 64U - 36U);
  for (Eigen::Index i = 0; i < 64; ++i) {
    EXPECT_EQ(result->labels[i] < 0, weights.row(i).isZero(0)) << i;
  }
  EXPECT_EQ(result->run_labels.size(), 100U);
  EXPECT_EQ(result->run_quality.size(), 100);
  EXPECT_EQ(result->run_labels[7].size(), 64U);
  EXPECT_EQ(result->labels, CanonicalLabels(result->labels));
}

TEST(Partition, FindsThePlantedModulesWithAnyConsensus) {
  const Labels planted =
      LoadGolden("partition_stats", "consensus_planted").ToLabels();
  for (const ConsensusMethod method : {ConsensusMethod::kNone,
                                       ConsensusMethod::kThreshold,
                                       ConsensusMethod::kExpected}) {
    PartitionOptions options;
    options.consensus = method;
    const auto result =
        Partition(LoadGolden("partition_stats", "consensus_weights").ToMatrix(),
                  {},
                  options,
                  Execution());
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->labels, planted);
  }
}

// The readout's golden modules are those of its networks' activity, units that
// never fire sharing one label of their own.
TEST(Partition, OfActivityExcludesTheUnitsThatNeverFire) {
  struct Case {
    const char* name;
    int64_t silent_neurons;  // of its manifest.json
    int32_t silent_label;
  };
  for (const Case& golden :
       {Case{"output_lesion_pdm", 28, 0}, Case{"output_lesion_gng", 32, 2}}) {
    SCOPED_TRACE(golden.name);
    const GoldenArray inputs = LoadGolden(golden.name, "inputs");
    const auto run = RunNetwork(GoldenNetwork(golden.name),
                                inputs.ToMatrix(),
                                inputs.shape[1],
                                RowOrder::kByTime,
                                Matrix(),
                                Execution());
    ASSERT_TRUE(run.ok()) << run.status();
    const auto correlation = CorrelationOfColumns(run->activity, Execution());
    ASSERT_TRUE(correlation.ok()) << correlation.status();
    const auto result = Partition(correlation->values,
                                  correlation->valid,
                                  PartitionOptions(),
                                  Execution());
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(std::ssize(result->excluded_units), golden.silent_neurons);
    Labels modules = LoadGolden(golden.name, "modules").ToLabels();
    std::replace(modules.begin(), modules.end(), golden.silent_label, -1);
    EXPECT_EQ(result->labels, CanonicalLabels(modules));
  }
}

TEST(Partition, IncludesSilentUnitsWhenAsked) {
  PartitionOptions options;
  options.include_silent = true;
  options.runs = 10;
  const auto result = Partition(TrainedNetwork(), {}, options, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->excluded_units.empty());
  EXPECT_EQ(result->labels, CanonicalLabels(result->labels));
  PartitionOptions without;
  without.runs = 10;
  EXPECT_NEAR(Partition(TrainedNetwork(), {}, without, Execution())->quality,
              result->quality,
              1e-12);
}

TEST(Partition, FlagsDecideWhichUnitsAreSilent) {
  Matrix weights = Matrix::Constant(5, 5, -1.0);
  weights.topLeftCorner(2, 2).setOnes();
  weights.bottomRightCorner(3, 3).setOnes();
  const auto result =
      Partition(weights, {1, 1, 1, 1, 0}, PartitionOptions(), Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->labels, (Labels{0, 0, 1, 1, -1}));
  EXPECT_EQ(result->excluded_units, std::vector<int64_t>{4});
}

TEST(Partition, WithoutConsensusIsTheBestRun) {
  PartitionOptions options;
  options.consensus = ConsensusMethod::kNone;
  options.runs = 30;
  const auto result =
      Partition(LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix(),
                {},
                options,
                Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->quality, result->run_quality.maxCoeff());
  Eigen::Index best = 0;
  result->run_quality.maxCoeff(&best);
  EXPECT_EQ(result->labels, result->run_labels[best]);
}

TEST(Partition, FollowsARelabellingOfUnits) {
  const Matrix weights = TrainedNetwork();
  const Matrix reversed = weights.reverse();
  const auto plain = Partition(weights, {}, PartitionOptions(), Execution());
  Labels labels =
      Partition(reversed, {}, PartitionOptions(), Execution())->labels;
  std::reverse(labels.begin(), labels.end());
  EXPECT_EQ(CanonicalLabels(labels), plain->labels);
}

TEST(Partition, SameResultAtAnyThreadCount) {
  const Matrix weights =
      LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix();
  const auto one = Partition(weights, {}, PartitionOptions(), Execution());
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    const auto more = Partition(weights, {}, PartitionOptions(), execution);
    EXPECT_EQ(more->labels, one->labels);
    EXPECT_EQ(more->run_labels, one->run_labels);
    EXPECT_EQ(more->run_quality, one->run_quality);
  }
}

TEST(Partition, OtherSeedsGiveOtherRuns) {
  const Matrix weights =
      LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix();
  PartitionOptions options;
  const auto one = Partition(weights, {}, options, Execution());
  options.seed = 1;
  EXPECT_NE(Partition(weights, {}, options, Execution())->run_labels,
            one->run_labels);
}

// Units 0 and 1, 2 and 3 belong together; 4 and 5 are silent.
Matrix TwoPairsAndTwoSilent() {
  Matrix weights = Matrix::Zero(6, 6);
  weights(0, 1) = weights(1, 0) = weights(2, 3) = weights(3, 2) = 1;
  return weights;
}

TEST(Partition, SilentUnitsCountAsZeroRowsInTheQualityOfAllUnits) {
  // s = 4. kNegativeAsym: k = 1 of each active unit, Q = 4/4 - 2 (2/4)^2 = 1/2,
  // and nothing from a row of zeros. kUniform: 8 ordered pairs, the unit with
  // itself included: Q = (4 - 8 g) / 4, and -g/4 from each silent unit. kPotts:
  // 4 of the 8 are [W = 0]: Q = (4 - 4 g) / 4, and -g/4 each.
  struct Case {
    QualityFunction function;
    double quality;
    double all_units;
  };
  for (const Case& expected :
       {Case{QualityFunction::kNegativeAsym, 0.5, 0.5},
        Case{QualityFunction::kNegativeSym, 0.5, 0.5},
        Case{QualityFunction::kModularity, 0.5, 0.5},
        Case{QualityFunction::kUniform, 1 - 2 * 0.25, 1 - 2.5 * 0.25},
        Case{QualityFunction::kPotts, 1 - 0.25, 1 - 1.5 * 0.25}}) {
    PartitionOptions options;
    options.runs = 5;
    options.quality.function = expected.function;
    const bool has_gamma = expected.function == QualityFunction::kUniform ||
                           expected.function == QualityFunction::kPotts;
    options.quality.gamma = has_gamma ? 0.25 : 1;
    const auto result =
        Partition(TwoPairsAndTwoSilent(), {}, options, Execution());
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->labels, (Labels{0, 0, 1, 1, -1, -1}));
    EXPECT_NEAR(result->quality, expected.quality, 1e-15);
    EXPECT_NEAR(result->quality_all_units, expected.all_units, 1e-15);
    EXPECT_NEAR(result->quality_all_units,
                *Quality(TwoPairsAndTwoSilent(),
                         WithSingletons(result->labels),
                         options.quality),
                1e-15);
  }
}

TEST(Partition, TheNullOfSilentUnitsCountsInTheQualityOfAllUnits) {
  Matrix null = Matrix::Zero(6, 6);
  null.diagonal() << 0, 0, 0, 0, 0.5, 0.25;
  PartitionOptions options;
  options.runs = 5;
  options.quality.function = QualityFunction::kCustom;
  options.quality.gamma = 2;
  const auto result =
      Partition(TwoPairsAndTwoSilent(), {}, options, Execution(), &null);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->quality, 4);
  EXPECT_EQ(result->quality_all_units, 4 - 2 * 0.75);
}

TEST(Partition, AllUnitsAreTheUnitsPartitionedWhenNoneIsLeftOut) {
  PartitionOptions options;
  options.runs = 5;
  options.include_silent = true;
  options.quality.function = QualityFunction::kUniform;
  options.quality.gamma = 0.1;
  const auto result =
      Partition(TwoPairsAndTwoSilent(), {}, options, Execution());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->quality_all_units, result->quality);
}

TEST(Partition, AStopAfterTheLastRunEndsItBeforeTheConsensus) {
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  std::string last_phase;
  execution.progress = [&](const ProgressUpdate& update) {
    last_phase = update.phase;
    if (update.phase == "partitioning" && update.done == update.total) {
      stop.Stop();
    }
  };
  const auto result =
      Partition(LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix(),
                {},
                PartitionOptions(),
                execution);
  EXPECT_EQ(ReasonOf(result.status()), reason::kCancelled);
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(last_phase, "consensus round 1, grouping");
}

TEST(ModulesOf, AMatrixWithoutValidUnitsHasNone) {
  EXPECT_EQ(
      *ModulesOf(
          {Matrix::Zero(3, 3), {0, 0, 0}}, PartitionOptions(), Execution()),
      Labels(3, -1));
}

TEST(ModulesOf, SaysThatTheQualityDoesNotTakeTheMatrix) {
  Matrix values = Matrix::Identity(2, 2);
  values(0, 1) = values(1, 0) = -0.5;
  PartitionOptions options;
  options.quality.function = QualityFunction::kModularity;
  const absl::Status status =
      ModulesOf({values, {1, 1}}, options, Execution()).status();
  EXPECT_EQ(ReasonOf(status), reason::kNegativeWeight);
  EXPECT_EQ(FieldOf(status), "quality");
}

TEST(Partition, CustomUsesTheNullOfTheUnitsKept) {
  Matrix weights = Matrix::Zero(4, 4);
  weights(0, 1) = weights(1, 0) = weights(1, 2) = weights(2, 1) = 1;
  Matrix null = Matrix::Zero(4, 4);
  null(1, 2) = null(2, 1) = 2;
  null(0, 2) = null(2, 0) = 2;
  PartitionOptions options;
  options.quality.function = QualityFunction::kCustom;
  options.runs = 5;
  const auto result = Partition(weights, {}, options, Execution(), &null);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->labels, (Labels{0, 0, 1, -1}));
  EXPECT_EQ(result->quality, 2);
}

// Units without weights stay alone; that they are more than what is made nodes
// of the coarser level must not keep modules from merging.
TEST(Partition, ManySilentUnitsDoNotKeepModulesApart) {
  constexpr Eigen::Index kActive = 300;
  constexpr Eigen::Index kAll = 1700;
  RandomStream random(3, RandomPurpose::kControlUnits, 0);
  Matrix weights = Matrix::Zero(kAll, kAll);
  for (Eigen::Index i = 0; i < kActive; ++i) {
    for (Eigen::Index j = 0; j < i; ++j) {
      weights(i, j) = weights(j, i) =
          random.Normal() + (i % 6 == j % 6 ? .3 : 0);
    }
  }
  for (const Algorithm algorithm : {Algorithm::kLouvain, Algorithm::kLeiden}) {
    PartitionOptions options;
    options.algorithm = algorithm;
    options.runs = 8;
    options.consensus = ConsensusMethod::kNone;
    const auto without = Partition(weights, {}, options, Execution());
    options.include_silent = true;
    const auto with = Partition(weights, {}, options, Execution());
    ASSERT_TRUE(without.ok() && with.ok());
    // The runs take other ways: nearly, and at the best, as good.
    EXPECT_NEAR(with->run_quality.mean(),
                without->run_quality.mean(),
                0.02 * without->run_quality.mean());
    EXPECT_EQ(with->module_sizes.size(),
              static_cast<std::size_t>(NumModules(with->labels)));
    for (Eigen::Index i = kActive; i < kAll; ++i) {
      EXPECT_EQ(
          std::count(with->labels.begin(), with->labels.end(), with->labels[i]),
          1);
    }
  }
}

TEST(Partition, RefusesWhatCannotBePartitioned) {
  auto status = [](const Matrix& weights, const PartitionOptions& options) {
    return Partition(weights, {}, options, Execution()).status();
  };
  PartitionOptions options;
  for (const Matrix& weights :
       {Matrix(0, 0), Matrix(Matrix::Ones(1, 1)), Matrix(Matrix::Zero(3, 3))}) {
    EXPECT_EQ(ReasonOf(status(weights, options)), reason::kDegenerate);
    EXPECT_EQ(FieldOf(status(weights, options)), "matrix");
  }
  options.include_silent = true;
  EXPECT_EQ(ReasonOf(status(Matrix::Zero(3, 3), options)), reason::kDegenerate);
  options.tau = 1.5;
  EXPECT_EQ(FieldOf(status(Matrix::Ones(3, 3), options)), "tau");
  options.runs = 0;
  EXPECT_EQ(FieldOf(status(Matrix::Ones(3, 3), options)), "runs");
  EXPECT_EQ(ReasonOf(status(Matrix::Ones(3, 2), PartitionOptions())),
            reason::kWrongShape);
}

TEST(Partition, GoesOnFromEachCheckpointWithTheSameBytes) {
  for (const ConsensusMethod method :
       {ConsensusMethod::kExpected, ConsensusMethod::kThreshold}) {
    PartitionOptions options;
    options.runs = 12;
    options.consensus = method;
    options.seed = 4;
    ExpectGoesOn(
        [&](const Execution& execution) -> absl::StatusOr<std::string> {
          const auto result = Partition(
              LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix(),
              {},
              options,
              execution);
          if (!result.ok()) {
            return result.status();
          }
          std::string bytes;
          AppendBytes(result->labels, bytes);
          AppendBytes(result->run_quality, bytes);
          AppendBytes(&result->quality, 1, bytes);
          for (const Labels& labels : result->run_labels) {
            AppendBytes(labels, bytes);
          }
          return bytes;
        },
        // The runs and those of one consensus round.
        112);
  }
}

TEST(Partition, KeepsOfRoundsOfConsensusOnlyTheLast) {
  MemoryCheckpoint checkpoint;
  Execution execution;
  execution.checkpoint = &checkpoint;
  PartitionOptions options;
  options.runs = 12;
  ASSERT_TRUE(Partition(TrainedNetwork(), {}, options, execution).ok());
  std::vector<std::string> names;
  for (const auto& [name, state] : checkpoint.states()) {
    names.push_back(name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"consensus", "partitioning"}));
}

}  // namespace
}  // namespace modbound
