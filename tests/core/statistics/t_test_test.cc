#include "core/statistics/t_test.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr double kRtol = 1e-8;    // the manifest's
constexpr double kAtol = 1e-300;  // p below 1e-280 may be anything as small

Matrix Row(const absl::StatusOr<TTest>& test) {
  Matrix row(1, 3);
  row << test->t, test->df, test->p;
  return row;
}

TEST(TTest, AgreesWithGoldenStatistics) {
  const Matrix one_sample = LoadGolden("stats", "one_sample").ToMatrix();
  const Matrix student = LoadGolden("stats", "student").ToMatrix();
  const Matrix welch = LoadGolden("stats", "welch").ToMatrix();
  for (int k = 0; k < 6; ++k) {
    const std::string number = std::to_string(k);
    const Vector a = LoadGolden("stats", "a" + number).ToVector();
    const Vector b = LoadGolden("stats", "b" + number).ToVector();
    ExpectClose(Row(OneSampleTTest(a)),
                one_sample.row(k),
                kRtol,
                kAtol,
                "one " + number);
    ExpectClose(
        Row(StudentTTest(a, b)), student.row(k), kRtol, kAtol, "two " + number);
    ExpectClose(
        Row(WelchTTest(a, b)), welch.row(k), kRtol, kAtol, "welch " + number);
  }
}

TEST(TTest, HandWorkedOneSample) {
  // 1, 2, 3, 6: mean 3, squared deviations 4 + 1 + 0 + 9 = 14, s^2 = 14/3,
  // t = 3 / sqrt(14/12).
  Vector sample(4);
  sample << 1, 2, 3, 6;
  const auto test = OneSampleTTest(sample);
  ASSERT_TRUE(test.ok());
  EXPECT_DOUBLE_EQ(test->t, 3 / std::sqrt(14.0 / 12));
  EXPECT_EQ(test->df, 3);
  EXPECT_FALSE(test->zero_variance);
}

TEST(TTest, PMatchesClosedFormForOneDegreeOfFreedom) {
  // df = 1 is the Cauchy distribution: p = (2/pi) atan(1/t).
  for (const double t : {1e-6, 1e-3, 0.5, 0.999, 1.0, 1.001, 7.0, 1e6, 1e100}) {
    const double expected = std::atan2(1, t) / std::acos(0.0);
    EXPECT_NEAR(TwoSidedP(t, 1) / expected, 1, 1e-12) << t;
    EXPECT_EQ(TwoSidedP(t, 1), TwoSidedP(-t, 1));
  }
}

TEST(TTest, PMatchesClosedFormFarInTheTail) {
  // df = 2: P(|T| > t) = 1 - t / sqrt(2 + t^2) = 2 / (s (s + t)), s = sqrt(2 +
  // t^2).
  for (const double t : {1.0, 1e3, 1e50, 1e140}) {
    const double s = std::hypot(std::sqrt(2.0), t);
    EXPECT_NEAR(TwoSidedP(t, 2) / (2 / s / (s + t)), 1, 1e-10) << t;
  }
}

TEST(TTest, SwappingSamplesFlipsTheSign) {
  RandomStream random(3, RandomPurpose::kControlUnits, 0);
  Vector a(9);
  Vector b(14);
  for (double& value : a) {
    value = random.Normal();
  }
  for (double& value : b) {
    value = random.Normal() + 0.5;
  }
  EXPECT_EQ(StudentTTest(a, b)->t, -StudentTTest(b, a)->t);
  // The products of a fused multiply-add change places too.
  EXPECT_DOUBLE_EQ(WelchTTest(a, b)->p, WelchTTest(b, a)->p);
  EXPECT_NEAR(
      WelchTTest(1e-120 * a, 1e-120 * b)->df, WelchTTest(a, b)->df, 1e-9);
}

TEST(TTest, FlagsZeroVariance) {
  // 0.1 thrice: the computed mean is not 0.1, yet nothing varies.
  const Vector constant = Vector::Constant(3, 0.1);
  const auto same = StudentTTest(constant, constant);
  ASSERT_TRUE(same.ok());
  EXPECT_TRUE(same->zero_variance);
  EXPECT_TRUE(std::isnan(same->t));
  EXPECT_TRUE(std::isnan(same->p));
  const auto above = OneSampleTTest(constant);
  ASSERT_TRUE(above.ok());
  EXPECT_TRUE(above->zero_variance);
  EXPECT_EQ(above->t, std::numeric_limits<double>::infinity());
  EXPECT_EQ(above->p, 0);
  EXPECT_EQ(WelchTTest(constant, Vector::Constant(3, 0.2))->df, 4);
}

TEST(TTest, RefusesTooFewAndNotFinite) {
  Vector bad(3);
  bad << 1, std::nan(""), 2;
  EXPECT_EQ(ReasonOf(OneSampleTTest(Vector::Ones(1)).status()),
            reason::kDegenerate);
  EXPECT_EQ(ReasonOf(StudentTTest(Vector::Ones(1), Vector::Ones(1)).status()),
            reason::kDegenerate);
  EXPECT_EQ(ReasonOf(WelchTTest(Vector::Ones(3), Vector::Ones(1)).status()),
            reason::kDegenerate);
  EXPECT_EQ(ReasonOf(OneSampleTTest(bad).status()), reason::kNotFinite);
}

}  // namespace
}  // namespace modbound
