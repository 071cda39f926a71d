#include "core/statistics/mantel.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/statistics/correlation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

Matrix RandomSymmetric(Eigen::Index n, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  Matrix matrix(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      matrix(i, j) = matrix(j, i) = random.Normal();
    }
  }
  return matrix;
}

TEST(MantelP, IsTheFractionOfAllPermutationsThatReachR) {
  const Eigen::Index n = 5;
  const Matrix a = RandomSymmetric(n, 1);
  const Matrix b = RandomSymmetric(n, 2) + 0.5 * a;
  const Vector upper = UpperTriangle(a);
  const double observed =
      std::abs(PearsonCorrelation(upper, UpperTriangle(b)).r);
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  int reached = 0;
  int all = 0;
  do {
    const double r =
        std::abs(PearsonCorrelation(upper, UpperTriangle(b, order)).r);
    reached += r >= observed - 1e-12 ? 1 : 0;
    ++all;
  } while (std::next_permutation(order.begin(), order.end()));
  const int draws = 40000;
  const auto p = MantelP(a, b, draws, 7, Execution());
  ASSERT_TRUE(p.ok());
  const double exact = static_cast<double>(reached) / all;
  // Five standard deviations of a fraction of 40,000 draws.
  EXPECT_NEAR(*p, exact, 5 * std::sqrt(exact * (1 - exact) / draws) + 1e-4);
}

TEST(MantelP, IsSmallestForAMatrixAgainstItself) {
  const Matrix a = RandomSymmetric(30, 3);
  EXPECT_EQ(*MantelP(a, a, 99, 0, Execution()), 0.01);
  EXPECT_EQ(*MantelP(a, -2 * a, 99, 0, Execution()), 0.01);
}

TEST(MantelP, DoesNotDependOnThreads) {
  const Matrix a = RandomSymmetric(20, 4);
  const Matrix b = RandomSymmetric(20, 5);
  Execution four;
  four.threads = 4;
  EXPECT_EQ(*MantelP(a, b, 500, 1, Execution()), *MantelP(a, b, 500, 1, four));
}

TEST(MantelP, CountsItsPermutations) {
  const Matrix a = RandomSymmetric(5, 1);
  ProgressLog log;
  ASSERT_TRUE(MantelP(a, a, 30, 7, log.Watch(2)).ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("permutations: 30 of 30 permutations"));
}

TEST(MantelP, IsUndefinedForAConstantTriangle) {
  EXPECT_TRUE(std::isnan(*MantelP(
      Matrix::Identity(4, 4), RandomSymmetric(4, 6), 10, 0, Execution())));
}

TEST(MantelP, RefusesDifferentSizesAndStops) {
  const Matrix a = RandomSymmetric(4, 6);
  EXPECT_EQ(
      ReasonOf(MantelP(a, RandomSymmetric(5, 6), 10, 0, Execution()).status()),
      reason::kWrongShape);
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(ReasonOf(MantelP(a, a, 10, 0, stopped).status()),
            reason::kCancelled);
}

TEST(MantelP, GoesOnFromEachCheckpointWithTheSameBytes) {
  const Matrix a = RandomSymmetric(12, 1);
  const Matrix b = RandomSymmetric(12, 2) + 0.3 * a;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto p = MantelP(a, b, 99, 5, execution);
        if (!p.ok()) {
          return p.status();
        }
        std::string bytes;
        AppendBytes(&*p, 1, bytes);
        return bytes;
      },
      99);
}

}  // namespace
}  // namespace modbound
