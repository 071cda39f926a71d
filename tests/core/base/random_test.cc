#include "core/base/random.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(RandomStream, IsPhilox4x32AsPublished) {
  // Random123's known answer for philox4x32-10 with counter 0 and key 0 is
  // 6627e8d5 e169c58d bc57ac4c 9b00dbd8. Purpose, index, position and seed all
  // 0 give that counter and key.
  RandomStream stream(0, static_cast<RandomPurpose>(0), 0);
  EXPECT_EQ(stream.Bits(), 0xe169c58d6627e8d5u);
  EXPECT_EQ(stream.Bits(), 0x9b00dbd8bc57ac4cu);
}

TEST(RandomStream, SameKeySameNumbersOtherIndexOtherNumbers) {
  RandomStream a(7, RandomPurpose::kOptimiserRun, 3);
  RandomStream b(7, RandomPurpose::kOptimiserRun, 3);
  RandomStream c(7, RandomPurpose::kOptimiserRun, 4);
  RandomStream d(7, RandomPurpose::kConsensusRun, 3);
  RandomStream e(uint64_t{7} << 32, RandomPurpose::kOptimiserRun, 3);
  const uint64_t first = a.Bits();
  EXPECT_EQ(first, b.Bits());
  EXPECT_NE(first, c.Bits());
  EXPECT_NE(first, d.Bits());
  EXPECT_NE(first, e.Bits());
}

TEST(RandomStream, UniformHasTheMomentsOfTheUnitInterval) {
  RandomStream stream(1, RandomPurpose::kInitialWeights, 0);
  constexpr int kDraws = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.Uniform();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x;
    squares += x * x;
  }
  // Five standard errors: sqrt(1/12/n) and sqrt(4/45/n).
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(RandomStream, NormalHasTheMomentsOfTheStandardNormal) {
  RandomStream stream(2, RandomPurpose::kInitialWeights, 0);
  constexpr int kDraws = 100000;
  double sum = 0;
  double squares = 0;
  double fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.Normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  // Five standard errors: 1, 2 and 96 are the variances of x, x^2, x^4.
  EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 5 * std::sqrt(96.0 / kDraws));
}

TEST(RandomStream, IndexIsUniformAndInRange) {
  RandomStream stream(3, RandomPurpose::kLabelPermutation, 0);
  std::vector<int> counts(7);
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) {
    ++counts.at(stream.Index(7));
  }
  // Chi-square with 6 degrees of freedom: 22.5 is its 99.9 % point.
  double chi_square = 0;
  for (const int count : counts) {
    chi_square += (count - 10000.0) * (count - 10000.0) / 10000.0;
  }
  EXPECT_LT(chi_square, 22.5);
}

TEST(RandomStream, ShuffleReachesEveryOrderOfThree) {
  std::vector<int> seen(27);
  RandomStream stream(4, RandomPurpose::kLabelPermutation, 0);
  for (int i = 0; i < 600; ++i) {
    std::vector<int> values = {0, 1, 2};
    stream.Shuffle(values);
    ++seen[static_cast<std::size_t>(9 * values[0]) + 3 * values[1] + values[2]];
  }
  int orders = 0;
  for (const int count : seen) {
    orders += count > 0 ? 1 : 0;
    EXPECT_LT(count, 160);  // 100 expected each, six standard deviations
  }
  EXPECT_EQ(orders, 6);
}

TEST(RandomStream, NormalsAreWhatNormalReturns) {
  RandomStream one(5, RandomPurpose::kControlUnits, 2);
  RandomStream many(5, RandomPurpose::kControlUnits, 2);
  for (const int64_t count : {3, 16, 0, 40, 1}) {
    std::vector<double> values(static_cast<std::size_t>(count));
    many.Normals(count, values.data());
    for (const double value : values) {
      EXPECT_EQ(value, one.Normal());
    }
  }
}

}  // namespace
}  // namespace modbound
