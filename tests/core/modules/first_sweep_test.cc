#include "core/modules/first_sweep.h"

#include <numeric>

#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"

namespace modbound {
namespace {

std::vector<int32_t> ShuffledNodes(Eigen::Index n, uint64_t seed) {
  std::vector<int32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  RandomStream(seed, RandomPurpose::kControlUnits, 1).Shuffle(order);
  return order;
}

// Each node in turn to the module of largest gain, from B written out.
Labels SlowSweep(const Matrix& B, const std::vector<int32_t>& order) {
  Labels labels(order.size());
  std::iota(labels.begin(), labels.end(), 0);
  for (const int32_t node : order) {
    // Of modules and, where no node has the label, of a module of its own.
    Vector gain = Vector::Zero(B.rows());
    for (Eigen::Index j = 0; j < B.rows(); ++j) {
      gain[labels[j]] += j == node ? 0 : B(node, j);
    }
    Eigen::Index best = labels[node];
    for (Eigen::Index m = 0; m < B.rows(); ++m) {
      best = gain[m] > gain[best] + 1e-12 ? m : best;
    }
    labels[node] = static_cast<int32_t>(best);
  }
  return CanonicalLabels(labels);
}

Matrix LinksOf(const ModularityProblem& problem,
               const Labels& labels,
               int64_t modules) {
  Matrix links = Matrix::Zero(modules, problem.size());
  problem.weights().AddAddends(labels, Execution(), links);
  return links;
}

TEST(SweepSingletons, MovesEachNodeWhereItGainsMost) {
  for (const QualityFunction function : {QualityFunction::kNegativeAsym,
                                         QualityFunction::kNegativeSym,
                                         QualityFunction::kUniform,
                                         QualityFunction::kCustom}) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      const Eigen::Index n = 20 + 60 * static_cast<Eigen::Index>(seed);
      const OracleCase oracle = RandomOracleCase(function, n, seed);
      QualityOptions options;
      options.function = function;
      const auto problem =
          ModularityProblem::Make(oracle.weights, options, &oracle.null_matrix);
      ASSERT_TRUE(problem.ok());
      const std::vector<int32_t> order = ShuffledNodes(n, seed);
      const auto sweep = SweepSingletons(*problem, order, n, Execution());
      ASSERT_TRUE(sweep.ok());
      EXPECT_TRUE(sweep->moved);
      EXPECT_EQ(CanonicalLabels(sweep->labels),
                SlowSweep(FullQualityMatrix(oracle, options), order))
          << static_cast<int>(function) << " seed " << seed;
      EXPECT_EQ(sweep->modules, NumModules(sweep->labels));
      const Matrix links = LinksOf(*problem, sweep->labels, sweep->modules);
      ASSERT_GE(sweep->links.rows(), sweep->modules);
      EXPECT_LT(
          (sweep->links.topRows(sweep->modules) - links).cwiseAbs().maxCoeff(),
          1e-12 * (1 + links.cwiseAbs().maxCoeff()));
    }
  }
}

// The nodes not visited are alone; those visited went where they gained most.
TEST(SweepSingletons, EndsWhereModulesBecomeTooMany) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 120, 3);
  const auto problem =
      ModularityProblem::Make(oracle.weights, QualityOptions());
  const std::vector<int32_t> order = ShuffledNodes(120, 3);
  const auto all = SweepSingletons(*problem, order, 120, Execution());
  ASSERT_GT(all->modules, 4);
  const auto ended = SweepSingletons(*problem, order, 3, Execution());
  ASSERT_TRUE(ended.ok());
  EXPECT_TRUE(ended->moved);
  EXPECT_EQ(ended->links.rows(), 0);
  EXPECT_EQ(ended->modules, NumModules(ended->labels));
  EXPECT_GT(ended->modules, 3);
  int64_t large = 0;
  for (const int64_t size : ModuleSizes(ended->labels)) {
    large += size > 1 ? 1 : 0;
  }
  EXPECT_EQ(large, 3);
  const Labels apart = [&] {
    Labels labels(120);
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
  }();
  EXPECT_GT(problem->Quality(ended->labels), problem->Quality(apart));
}

TEST(SweepSingletons, Stops) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 10, 3);
  const auto problem =
      ModularityProblem::Make(oracle.weights, QualityOptions());
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_TRUE(absl::IsCancelled(
      SweepSingletons(*problem, ShuffledNodes(10, 1), 10, execution).status()));
}

}  // namespace
}  // namespace modbound
