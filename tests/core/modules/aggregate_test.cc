#include "core/modules/aggregate.h"

#include <numeric>

#include "core/modules/labels.h"
#include "core/modules/local_moves.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"

namespace modbound {
namespace {

ModularityProblem RandomProblem(Eigen::Index n, uint64_t seed) {
  return ModularityProblem::Make(
             RandomOracleCase(QualityFunction::kNegativeAsym, n, seed).weights,
             QualityOptions())
      .value();
}

Labels OneEach(int64_t n) {
  Labels labels(static_cast<std::size_t>(n));
  std::iota(labels.begin(), labels.end(), 0);
  return labels;
}

Matrix MatrixOf(const ModularityProblem& problem) {
  std::vector<int64_t> all(static_cast<std::size_t>(problem.size()));
  std::iota(all.begin(), all.end(), 0);
  return problem.weights().Restrict(all, Execution());
}

// `modules` labels, each used.
Labels RandomLabels(int64_t n, int64_t modules) {
  RandomStream random(6, RandomPurpose::kControlUnits, 0);
  Labels labels = OneEach(n);
  for (int64_t i = modules; i < n; ++i) {
    labels[i] = static_cast<int32_t>(random.Index(modules));
  }
  random.Shuffle(labels);
  return labels;
}

// The second case has more modules than links are kept for.
TEST(AggregateProblem, KeepsTheQualityOfEveryCoarserPartition) {
  for (const auto& [n, modules] :
       {std::pair<int64_t, int64_t>{30, 7}, {kMaxSums + 60, kMaxSums + 20}}) {
    const ModularityProblem problem = RandomProblem(n, 1);
    const Labels labels = RandomLabels(n, modules);
    const ModularityProblem coarse = AggregateProblem(problem, labels, modules);
    ASSERT_EQ(coarse.size(), modules);
    EXPECT_NEAR(
        coarse.Quality(OneEach(modules)), problem.Quality(labels), 1e-12);
    Labels halves;
    for (const int32_t label : labels) {
      halves.push_back(label / 2);
    }
    Labels coarse_halves;
    for (const int32_t label : OneEach(modules)) {
      coarse_halves.push_back(label / 2);
    }
    EXPECT_NEAR(coarse.Quality(coarse_halves), problem.Quality(halves), 1e-12);
  }
}

TEST(RestrictProblem, KeepsDifferencesOfQuality) {
  const ModularityProblem problem = RandomProblem(12, 2);
  const std::vector<int64_t> nodes = {1, 4, 5, 8, 11};
  Labels together(12, 0);
  Labels apart(12, 0);
  for (const int64_t node : nodes) {
    together[node] = 1;
    apart[node] = node < 6 ? 1 : 2;
  }
  const ModularityProblem part = RestrictProblem(problem, nodes);
  EXPECT_NEAR(part.Quality({0, 0, 0, 1, 1}) - part.Quality({0, 0, 0, 0, 0}),
              problem.Quality(apart) - problem.Quality(together),
              1e-14);
}

// What is kept up to date over many moves must be what the labels say.
TEST(LocalMoves, AggregateAgreesWithLabelsAfterMovesAndMerges) {
  for (const Eigen::Index n : {5, 40, 200}) {
    const ModularityProblem problem = RandomProblem(n, 3);
    LocalMoves moves(problem);
    RandomStream stream(1, RandomPurpose::kOptimiserRun, 0);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(moves.Run(stream, Execution()).ok());
      const ModularityProblem coarse = moves.Aggregate();
      EXPECT_EQ(coarse.size(), moves.num_modules());
      EXPECT_EQ(coarse.size(), NumModules(moves.labels()));
      const ModularityProblem fresh =
          AggregateProblem(problem, moves.labels(), coarse.size());
      EXPECT_LT((MatrixOf(coarse) - MatrixOf(fresh)).cwiseAbs().maxCoeff(),
                1e-14);
      EXPECT_LT((coarse.k_plus() - fresh.k_plus()).cwiseAbs().maxCoeff(),
                1e-10);
      EXPECT_LT((coarse.k_minus() - fresh.k_minus()).cwiseAbs().maxCoeff(),
                1e-10);
      Labels merged = OneEach(coarse.size());
      merged.back() = merged.front();
      moves.Merge(merged);
      EXPECT_EQ(moves.num_modules(), std::max<int64_t>(coarse.size() - 1, 1));
    }
  }
}

TEST(LocalMoves, NoMoveIsLeftAfterARun) {
  const ModularityProblem problem = RandomProblem(60, 4);
  RandomStream stream(2, RandomPurpose::kOptimiserRun, 0);
  LocalMoves moves(problem);
  EXPECT_TRUE(*moves.Run(stream, Execution()));
  EXPECT_FALSE(*moves.Run(stream, Execution()));
  LocalMoves again(problem, CompactLabels(moves.labels()));
  EXPECT_FALSE(*again.Run(stream, Execution()));
}

}  // namespace
}  // namespace modbound
