#include "core/modules/gamma_sweep.h"

#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

Matrix Noise() {
  return LoadGolden("modularity_noise64_zerodiag", "weights").ToMatrix();
}

TEST(GammaSweep, EachIsThePartitionAtThatGamma) {
  PartitionOptions options;
  options.runs = 10;
  options.seed = 5;
  const std::vector<double> gammas = {1.5, 0.5, 1};
  for (const QualityFunction function :
       {QualityFunction::kNegativeAsym, QualityFunction::kUniform}) {
    options.quality.function = function;
    const auto sweep = GammaSweep(Noise(), {}, options, gammas, Execution());
    ASSERT_TRUE(sweep.ok()) << sweep.status();
    ASSERT_EQ(sweep->size(), 3u);
    for (std::size_t g = 0; g < 3; ++g) {
      options.quality.gamma = gammas[g];
      const auto alone = Partition(Noise(), {}, options, Execution());
      EXPECT_EQ((*sweep)[g].labels, alone->labels);
      EXPECT_EQ((*sweep)[g].quality, alone->quality);
      EXPECT_EQ((*sweep)[g].run_labels, alone->run_labels);
    }
  }
}

// Three levels of blocks: pairs of weight 3 in fours of weight 1 in eights of
// weight 0.2. Small gammas find the eights, large ones the pairs.
TEST(GammaSweep, LargerGammasFindSmallerModules) {
  Matrix weights(16, 16);
  for (Eigen::Index i = 0; i < 16; ++i) {
    for (Eigen::Index j = 0; j < 16; ++j) {
      weights(i, j) = i / 2 == j / 2   ? 3
                      : i / 4 == j / 4 ? 1
                      : i / 8 == j / 8 ? 0.2
                                       : 0;
    }
  }
  PartitionOptions options;
  options.runs = 10;
  const auto sweep =
      GammaSweep(weights, {}, options, {0.3, 1.5, 6}, Execution());
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ((*sweep)[0].module_sizes, std::vector<int64_t>(2, 8));
  EXPECT_EQ((*sweep)[1].module_sizes, std::vector<int64_t>(4, 4));
  EXPECT_EQ((*sweep)[2].module_sizes, std::vector<int64_t>(8, 2));
}

TEST(GammaSweep, NamesARefusedGamma) {
  PartitionOptions options;
  options.runs = 1;
  const auto sweep = GammaSweep(Noise(), {}, options, {1, 0}, Execution());
  EXPECT_EQ(ReasonOf(sweep.status()), reason::kOutOfRange);
  EXPECT_EQ(FieldOf(sweep.status()), "gamma");
}

TEST(GammaSweep, GoesOnFromEachCheckpointWithTheSameBytes) {
  PartitionOptions options;
  options.runs = 6;
  options.consensus = ConsensusMethod::kNone;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto sweep = GammaSweep(Noise(), {}, options, {1, 2}, execution);
        if (!sweep.ok()) {
          return sweep.status();
        }
        std::string bytes;
        for (const PartitionResult& result : *sweep) {
          AppendBytes(result.labels, bytes);
          AppendBytes(result.run_quality, bytes);
        }
        return bytes;
      },
      12);
}

// Of {a, a, b}: 0, V, V with V = VI / ln 4. a = halves, b = one module of 2 and
// two of 1: H(a) = ln 2, H(b) = 1.5 ln 2, I = ln 2, so VI = 0.5 ln 2 and
// V = 1/4; the mean of the three is 1/6.
TEST(RunVariation, IsTheMeanOverPairs) {
  const Labels a = {0, 0, 1, 1};
  const Labels b = {0, 0, 1, 2};
  EXPECT_NEAR(*RunVariation({a, a, b}, Execution()), 1. / 6, 1e-15);
  EXPECT_EQ(*RunVariation({a, a, a}, Execution()), 0);
  EXPECT_TRUE(std::isnan(*RunVariation({a}, Execution())));
}

TEST(RunVariation, ComparesTheFirstRunsOnly) {
  std::vector<Labels> runs(kMostComparedRuns, Labels{0, 0, 1, 1});
  runs.push_back({0, 1, 2, 3});
  EXPECT_EQ(*RunVariation(runs, Execution()), 0);
}

TEST(RunVariation, IsTheSameAtAnyThreadCountAndStops) {
  PartitionOptions options;
  options.runs = 20;
  options.consensus = ConsensusMethod::kNone;
  const auto result = Partition(Noise(), {}, options, Execution());
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  execution.threads = 3;
  EXPECT_EQ(*RunVariation(result->run_labels, execution),
            *RunVariation(result->run_labels, Execution()));
  stop.Stop();
  EXPECT_EQ(ReasonOf(RunVariation(result->run_labels, execution).status()),
            reason::kCancelled);
}

}  // namespace
}  // namespace modbound
