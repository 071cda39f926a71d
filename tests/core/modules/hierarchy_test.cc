#include "core/modules/hierarchy.h"

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"

namespace modbound {
namespace {

// Blocks within blocks: 24 units in 2 blocks of 12, each in 3 of 4; weights 3
// in the small ones, 1 in the large ones, 0.1 elsewhere.
Matrix NestedBlocks() {
  Matrix weights(24, 24);
  for (Eigen::Index i = 0; i < 24; ++i) {
    for (Eigen::Index j = 0; j < 24; ++j) {
      weights(i, j) = i / 4 == j / 4 ? 3 : i / 12 == j / 12 ? 1 : 0.1;
    }
  }
  return weights;
}

// The first `units` labels i / size.
Labels Blocks(int32_t units, int32_t size) {
  Labels labels;
  for (int32_t i = 0; i < units; ++i) {
    labels.push_back(i / size);
  }
  return labels;
}

PartitionOptions FewRuns() {
  PartitionOptions options;
  options.runs = 10;
  return options;
}

std::vector<Labels> LevelsOf(const Matrix& weights,
                             const PartitionOptions& options,
                             const Execution& execution = {},
                             const Matrix* null_matrix = nullptr) {
  const auto top = Partition(weights, {}, options, execution, null_matrix);
  EXPECT_TRUE(top.ok()) << top.status();
  const auto levels =
      Hierarchy(weights, top->labels, options, execution, null_matrix);
  EXPECT_TRUE(levels.ok()) << levels.status();
  return *levels;
}

TEST(Hierarchy, FindsBlocksWithinBlocks) {
  for (const Algorithm algorithm :
       {Algorithm::kLouvain, Algorithm::kLeiden, Algorithm::kIterated}) {
    PartitionOptions options = FewRuns();
    options.algorithm = algorithm;
    EXPECT_EQ(LevelsOf(NestedBlocks(), options),
              (std::vector<Labels>{Blocks(24, 12), Blocks(24, 4)}));
  }
}

// No part of a clique has a quality above the clique's: Q of one module is 0,
// and a cut of equal weights (diagonal 0) is below.
TEST(Hierarchy, CliquesDoNotSplit) {
  Matrix weights = Matrix::Zero(9, 9);
  weights.topLeftCorner(5, 5).setOnes();
  weights.bottomRightCorner(4, 4).setOnes();
  EXPECT_EQ(LevelsOf(weights, FewRuns()),
            std::vector<Labels>{(Labels{0, 0, 0, 0, 0, 1, 1, 1, 1})});
}

// A module that stays whole keeps its units together while another splits.
TEST(Hierarchy, ModulesSplitEachByItself) {
  Matrix weights = NestedBlocks();
  weights.topLeftCorner(12, 12).setConstant(2);
  Labels finest = Blocks(12, 12);
  for (int32_t i = 12; i < 24; ++i) {
    finest.push_back(i / 4 - 2);
  }
  EXPECT_EQ(LevelsOf(weights, FewRuns()),
            (std::vector<Labels>{Blocks(24, 12), finest}));
}

TEST(Hierarchy, OneModuleHasOneLevel) {
  EXPECT_EQ(LevelsOf(Matrix::Ones(6, 6), FewRuns()),
            std::vector<Labels>{Labels(6, 0)});
}

TEST(Hierarchy, SilentUnitsStaySilent) {
  Matrix weights = Matrix::Zero(26, 26);
  weights.topLeftCorner(24, 24) = NestedBlocks();
  for (const Labels& level : LevelsOf(weights, FewRuns())) {
    EXPECT_EQ(ExcludedUnits(level), (std::vector<int64_t>{24, 25}));
  }
}

// Of noise, with every quality function: each level refines the one before, is
// canonical, and the same at any number of threads.
TEST(Hierarchy, LevelsAreNested) {
  for (const QualityFunction function : kAllFunctions) {
    const OracleCase oracle = RandomOracleCase(function, 40, 3);
    PartitionOptions options = FewRuns();
    options.quality.function = function;
    const std::vector<Labels> levels =
        LevelsOf(oracle.weights, options, {}, &oracle.null_matrix);
    ASSERT_LE(levels.size(), static_cast<std::size_t>(kMaxLevels));
    for (std::size_t level = 0; level < levels.size(); ++level) {
      EXPECT_EQ(levels[level], CanonicalLabels(levels[level]));
      for (std::size_t i = 0; level > 0 && i < 40; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (levels[level][i] == levels[level][j]) {
            EXPECT_EQ(levels[level - 1][i], levels[level - 1][j]);
          }
        }
      }
    }
    Execution execution;
    execution.threads = 3;
    EXPECT_EQ(LevelsOf(oracle.weights, options, execution, &oracle.null_matrix),
              levels);
  }
}

TEST(Hierarchy, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(
      ReasonOf(Hierarchy(NestedBlocks(), Blocks(24, 12), FewRuns(), execution)
                   .status()),
      reason::kCancelled);
}

}  // namespace
}  // namespace modbound
