#include "core/statistics/correlation.h"

#include <cmath>

#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

TEST(PearsonCorrelation, AgreesWithGoldenStatistics) {
  const Matrix expected = LoadGolden("stats", "pearson").ToMatrix();
  for (int k = 0; k < 5; ++k) {
    const std::string number = std::to_string(k);
    const Correlation result =
        PearsonCorrelation(LoadGolden("stats", "x" + number).ToVector(),
                           LoadGolden("stats", "y" + number).ToVector());
    Matrix row(1, 2);
    row << result.r, result.p;
    ExpectClose(row, expected.row(k), 1e-8, 1e-300, "pair " + number);
  }
}

TEST(PearsonCorrelation, HandWorked) {
  // x deviations -1 0 1, y deviations -1 1 0: r = 1 / (sqrt 2 sqrt 2) = 1/2;
  // df 1: t = .5 / sqrt(.75) = tan 30 deg, p = 1 - 2 * 30/180 = 2/3.
  Vector x(3);
  Vector y(3);
  x << 1, 2, 3;
  y << 10, 12, 11;
  const Correlation result = PearsonCorrelation(x, y);
  EXPECT_NEAR(result.r, 0.5, 1e-15);
  EXPECT_NEAR(result.p, 2.0 / 3, 1e-14);
}

TEST(PearsonCorrelation, KeepsItsDigitsFarFromZeroAndForHugeValues) {
  Vector x(4);
  Vector y(4);
  x << 1, 2, 4, 8;
  y << 3, 1, 4, 1;
  const Correlation plain = PearsonCorrelation(x, y);
  EXPECT_NEAR(PearsonCorrelation(x.array() + 1e6, y).r, plain.r, 1e-9);
  EXPECT_NEAR(PearsonCorrelation(1e300 * x, 1e-300 * y).r, plain.r, 1e-14);
  EXPECT_EQ(PearsonCorrelation(-x, y).r, -plain.r);
  EXPECT_EQ(PearsonCorrelation(-x, y).p, plain.p);
}

TEST(PearsonCorrelation, IsUndefinedForAConstantSide) {
  const Correlation result =
      PearsonCorrelation(Vector::Constant(5, 0.1), Vector::LinSpaced(5, 0, 1));
  EXPECT_TRUE(std::isnan(result.r));
  EXPECT_TRUE(std::isnan(result.p));
  EXPECT_TRUE(std::isnan(PearsonCorrelation(Vector(), Vector()).r));
  EXPECT_EQ(
      PearsonCorrelation(Vector::LinSpaced(2, 0, 1), Vector::LinSpaced(2, 5, 1))
          .r,
      -1);
}

TEST(SpearmanCorrelation, IsPearsonsOfTheRanks) {
  Vector x(5);
  Vector y(5);
  Vector ranks(5);
  x << 3, 1, 3, 7, 1;
  y << 2, 1, 4, 5, 3;
  ranks << 3.5, 1.5, 3.5, 5, 1.5;
  const auto spearman = SpearmanCorrelation(x, y, Execution());
  ASSERT_TRUE(spearman.ok());
  EXPECT_EQ(spearman->r, PearsonCorrelation(ranks, y).r);
  // Monotone maps do not change ranks.
  EXPECT_EQ(SpearmanCorrelation(x.array().cube(), y, Execution())->r,
            spearman->r);
}

TEST(SpearmanCorrelation, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  const Vector x = Vector::LinSpaced(5, 0, 1);
  EXPECT_EQ(SpearmanCorrelation(x, x, execution).status(), StoppedError());
}

TEST(UpperTriangle, GoesRowByRow) {
  Matrix matrix(3, 3);
  matrix << 0, 1, 2, 3, 4, 5, 6, 7, 8;
  Vector all(3);
  all << 1, 2, 5;
  EXPECT_EQ(UpperTriangle(matrix), all);
  EXPECT_EQ(UpperTriangle(matrix, {0, 2}), Vector::Constant(1, 2.0));
  EXPECT_EQ(UpperTriangle(matrix, {0, 1, 2}), all);
}

}  // namespace
}  // namespace modbound
