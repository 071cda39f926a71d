#include "core/statistics/summary.h"

#include <cmath>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Summarise, HandWorked) {
  // 2 4 4 6: mean 4, squared deviations 8, sd sqrt(8/3), sem sqrt(2/3).
  Vector sample(4);
  sample << 2, 4, 4, 6;
  const SampleSummary summary = Summarise(sample);
  EXPECT_EQ(summary.n, 4);
  EXPECT_EQ(summary.mean, 4);
  EXPECT_DOUBLE_EQ(summary.sd, std::sqrt(8.0 / 3));
  EXPECT_DOUBLE_EQ(summary.sem, std::sqrt(2.0 / 3));
}

TEST(Summarise, EqualValuesHaveNoSpread) {
  EXPECT_EQ(Summarise(Vector::Constant(3, 0.1)).sd, 0);
}

TEST(Summarise, TooFewValuesHaveNoSpread) {
  EXPECT_TRUE(std::isnan(Summarise(Vector()).mean));
  EXPECT_EQ(Summarise(Vector::Ones(1)).mean, 1);
  EXPECT_TRUE(std::isnan(Summarise(Vector::Ones(1)).sd));
}

TEST(CohensD, HandWorked) {
  // a 1 3 (S = 2), b 4 6 8 (S = 8): pooled variance 10/3, d = (2 - 6)/sqrt.
  Vector a(2);
  Vector b(3);
  a << 1, 3;
  b << 4, 6, 8;
  EXPECT_DOUBLE_EQ(CohensD(a, b), -4 / std::sqrt(10.0 / 3));
  EXPECT_DOUBLE_EQ(CohensD(b, 5.0), 1 / 2.0);
}

}  // namespace
}  // namespace modbound
