#include "core/statistics/permutation_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

Vector Of(std::initializer_list<double> values) {
  Vector vector(static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), vector.begin());
  return vector;
}

Vector Joined(const Vector& a, const Vector& b) {
  Vector values(a.size() + b.size());
  values << a, b;
  return values;
}

// p over every way to choose a's values, in exact arithmetic for whole numbers:
// |n S_a - n_a S| is n_a n_b |d|.
double ExactP(const Vector& a, const Vector& b) {
  const Vector values = Joined(a, b);
  const auto n = static_cast<double>(values.size());
  const double total = values.sum();
  const auto scaled = [&](double sum_a) {
    return std::abs(n * sum_a - static_cast<double>(a.size()) * total);
  };
  std::vector<bool> in_a(static_cast<std::size_t>(values.size()), false);
  std::fill_n(in_a.end() - a.size(), a.size(), true);
  int reached = 0;
  int all = 0;
  do {
    double sum = 0;
    for (int64_t i = 0; i < values.size(); ++i) {
      sum += in_a[static_cast<std::size_t>(i)] ? values[i] : 0;
    }
    reached += scaled(sum) >= scaled(a.sum()) ? 1 : 0;
    ++all;
  } while (std::next_permutation(in_a.begin(), in_a.end()));
  return static_cast<double>(reached) / all;
}

TEST(PermutationTest, AgreesWithGoldenStatistics) {
  const Vector a = LoadGolden("stats", "a1").ToVector();
  const Vector b = LoadGolden("stats", "b1").ToVector();
  const Matrix orders = LoadGolden("stats", "permutations").ToMatrix();
  Vector permuted(orders.rows());
  for (int64_t i = 0; i < orders.rows(); ++i) {
    std::vector<int64_t> order;
    for (const double index : orders.row(i)) {
      order.push_back(static_cast<int64_t>(index));
    }
    permuted[i] = PermutedDifference(Joined(a, b), order, a.size());
  }
  ExpectClose(permuted,
              LoadGolden("stats", "permutation_differences").ToVector(),
              1e-11,
              1e-13,
              "differences");
  EXPECT_NEAR(PermutationP(a.mean() - b.mean(), permuted, 1e-13),
              LoadGolden("stats", "permutation_p").values[0],
              1e-12);
}

TEST(PermutedDifference, ByHand) {
  // (4 + 1) / 2 - (2 + 3 + 7) / 3.
  EXPECT_DOUBLE_EQ(PermutedDifference(Of({1, 2, 3, 4, 7}), {3, 0, 1, 2, 4}, 2),
                   -1.5);
}

TEST(PermutationP, CountsWhatReachesTheDifferenceInEitherDirection) {
  const Vector permuted = Of({2, -3, 1.999, -2, 0, 5, 2 - 1e-13});
  // 2, -3, -2, 5 and the one within rounding, of seven.
  EXPECT_EQ(PermutationP(2, permuted, 1e-12), 6.0 / 8);
  EXPECT_EQ(PermutationP(-2, permuted, 1e-12), 6.0 / 8);
  EXPECT_EQ(PermutationP(2, permuted, 0), 5.0 / 8);
}

TEST(PermutationTestOfMeans, IsTheFractionOfAllChoicesThatReachTheDifference) {
  // Many choices have exactly the same |d|: tenths, so that their sums do not.
  const Vector a = Of({1, 3, 4, 8});
  const Vector b = Of({2, 6, 7, 9, 9});
  const int draws = 40000;
  const auto test =
      PermutationTestOfMeans(a / 10, b / 10, draws, 3, Execution());
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_NEAR(test->difference, 0.4 - 0.66, 1e-15);
  const double exact = ExactP(a, b);
  // Five standard deviations of a fraction of 40,000 draws.
  EXPECT_NEAR(
      test->p, exact, 5 * std::sqrt(exact * (1 - exact) / draws) + 1e-4);
}

TEST(PermutationTestOfMeans, DependsOnTheSeedAndNotOnThreadsOrShift) {
  RandomStream random(5, RandomPurpose::kControlUnits, 0);
  Vector a(20);
  Vector b(31);
  for (double& value : a) {
    value = random.Normal();
  }
  for (double& value : b) {
    value = random.Normal() + 0.4;
  }
  const auto one = PermutationTestOfMeans(a, b, 999, 1, Execution());
  Execution four;
  four.threads = 4;
  const auto many = PermutationTestOfMeans(a, b, 999, 1, four);
  ASSERT_TRUE(one.ok() && many.ok());
  EXPECT_EQ(one->p, many->p);
  EXPECT_EQ(one->difference, many->difference);
  EXPECT_NE(one->p, PermutationTestOfMeans(a, b, 999, 2, Execution())->p);
  const Vector far_a = a.array() + 1e6;
  const Vector far_b = b.array() + 1e6;
  const auto far = PermutationTestOfMeans(far_a, far_b, 999, 1, Execution());
  EXPECT_EQ(far->p, one->p);
  EXPECT_NEAR(far->difference, one->difference, 1e-9);
}

TEST(PermutationTestOfMeans, ApartSamplesHaveTheSmallestPAndEqualValuesOne) {
  const Vector low = Vector::LinSpaced(12, 0, 1);
  const auto apart =
      PermutationTestOfMeans(low, low.array() + 9, 199, 0, Execution());
  EXPECT_EQ(apart->p, 1.0 / 200);
  EXPECT_NEAR(apart->difference, -9, 1e-14);
  // The computed mean of 0.1 thrice is not 0.1.
  const Vector equal = Vector::Constant(3, 0.1);
  EXPECT_EQ(PermutationTestOfMeans(equal, equal, 99, 0, Execution())->p, 1);
}

TEST(PermutationTestOfMeans, CountsItsPermutations) {
  ProgressLog log;
  ASSERT_TRUE(
      PermutationTestOfMeans(Of({1}), Of({2, 3}), 100, 0, log.Watch(2)).ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("permutations: 100 of 100 permutations"));
}

TEST(PermutationTestOfMeans, DifferencesThatAreEqualUpToRoundingAreEqual) {
  // The same permutations in whole numbers, where equal differences are equal;
  // in tenths their sums are not.
  const Vector a = Of({1, 3, 4, 8});
  const Vector b = Of({2, 6, 7, 9, 9});
  const Vector values = Joined(a, b);
  const auto scaled = [&](double sum_a) {
    return std::abs(9 * sum_a - 4 * values.sum());
  };
  const int draws = 2000;
  int reached = 0;
  for (uint64_t i = 0; i < draws; ++i) {
    std::vector<int64_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    RandomStream(3, RandomPurpose::kSamplePermutation, i).Shuffle(order);
    double sum = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      sum += values[order[k]];
    }
    reached += scaled(sum) >= scaled(a.sum()) ? 1 : 0;
  }
  const auto test =
      PermutationTestOfMeans(a / 10, b / 10, draws, 3, Execution());
  ASSERT_TRUE(test.ok());
  EXPECT_EQ(test->p, (1.0 + reached) / (1.0 + draws));
}

TEST(PermutationTestOfMeans, RefusesEmptyAndNotFiniteSamplesAndStops) {
  const Vector good = Of({1, 2});
  EXPECT_EQ(
      ReasonOf(
          PermutationTestOfMeans(good, Vector(), 9, 0, Execution()).status()),
      reason::kDegenerate);
  const Vector bad = Of({1, std::numeric_limits<double>::infinity()});
  EXPECT_EQ(
      ReasonOf(PermutationTestOfMeans(bad, good, 9, 0, Execution()).status()),
      reason::kNotFinite);
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(PermutationTestOfMeans(good, good, 9, 0, stopped).status(),
            StoppedError());
}

TEST(PermutationTest, GoesOnFromEachCheckpointWithTheSameBytes) {
  ExpectGoesOn(
      [](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto test = PermutationTestOfMeans(
            Of({1, 2, 3, 5}), Of({2, 4, 6, 9}), 200, 7, execution);
        if (!test.ok()) {
          return test.status();
        }
        std::string bytes;
        AppendBytes(&test->p, 1, bytes);
        return bytes;
      },
      13);
}

}  // namespace
}  // namespace modbound
