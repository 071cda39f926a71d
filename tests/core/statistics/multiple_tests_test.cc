#include "core/statistics/multiple_tests.h"

#include <cmath>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(HolmAdjusted, HandWorked) {
  // Rising: .01 x 4 = .04; .02 x 3 = .06; .03 x 2 = .06; .9 x 1.
  Vector p(4);
  p << 0.03, 0.01, 0.9, 0.02;
  const Vector adjusted = HolmAdjusted(p);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.9);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.06);
}

TEST(BenjaminiHochbergAdjusted, HandWorked) {
  // .01 x 4/1 = .04; .02 x 4/2 = .04; .03 x 4/3 = .04; .9 x 4/4.
  Vector p(4);
  p << 0.03, 0.01, 0.9, 0.02;
  const Vector adjusted = BenjaminiHochbergAdjusted(p);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.9);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.04);
}

TEST(AdjustedP, LeavesNaNOutAndStopsAtOne) {
  Vector p(3);
  p << 0.7, std::nan(""), 0.6;
  const Vector holm = HolmAdjusted(p);
  EXPECT_EQ(holm[0], 1);
  EXPECT_TRUE(std::isnan(holm[1]));
  EXPECT_EQ(holm[2], 1);
  EXPECT_DOUBLE_EQ(BenjaminiHochbergAdjusted(p)[2], 0.7);
}

}  // namespace
}  // namespace modbound
