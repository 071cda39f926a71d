#include "core/statistics/sample_test.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/statistics/correlation.h"
#include "core/statistics/permutation_test.h"
#include "core/statistics/ranks.h"
#include "core/statistics/t_test.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr double kSampleRtol = 1e-8;  // the manifest's
constexpr double kSampleAtol =
    1e-300;  // p below 1e-280 may be anything as small

Vector SampleOf(std::initializer_list<double> values) {
  Vector vector(static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), vector.begin());
  return vector;
}

SampleTestResult TestOf(const Vector& a,
                        const Vector& b,
                        SampleTest test,
                        Alternative alternative = Alternative::kTwoSided,
                        double null_value = 0) {
  SampleTestOptions options;
  options.test = test;
  options.alternative = alternative;
  options.null_value = null_value;
  const auto result = TestSamples(a, b, options, Execution());
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(SampleTestResult());
}

Matrix Row(std::initializer_list<double> values) {
  Matrix row(1, static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), row.data());
  return row;
}

TEST(SampleTest, AgreesWithGoldenStatistics) {
  const struct {
    const char* name;
    SampleTest test;
  } kTTests[] = {{"one_sample", SampleTest::kOneSample},
                 {"student", SampleTest::kStudent},
                 {"welch", SampleTest::kWelch}};
  for (const auto& [name, test] : kTTests) {
    const Matrix expected = LoadGolden("stats", name).ToMatrix();
    for (int k = 0; k < 6; ++k) {
      const std::string number = std::to_string(k);
      const Vector a = LoadGolden("stats", "a" + number).ToVector();
      const Vector b = LoadGolden("stats", "b" + number).ToVector();
      const SampleTestResult result =
          TestOf(a, test == SampleTest::kOneSample ? Vector() : b, test);
      ExpectClose(Row({result.t, result.df, result.p}),
                  expected.row(k),
                  kSampleRtol,
                  kSampleAtol,
                  name + number);
    }
  }
  const Matrix pearson = LoadGolden("stats", "pearson").ToMatrix();
  for (int k = 0; k < 5; ++k) {
    const std::string number = std::to_string(k);
    const SampleTestResult result =
        TestOf(LoadGolden("stats", "x" + number).ToVector(),
               LoadGolden("stats", "y" + number).ToVector(),
               SampleTest::kPearson);
    ExpectClose(Row({result.estimate, result.p}),
                pearson.row(k),
                kSampleRtol,
                kSampleAtol,
                "pearson" + number);
    EXPECT_EQ(result.effect_size, result.estimate);
    EXPECT_DOUBLE_EQ(TwoSidedP(result.t, result.df), result.p);
  }
}

TEST(SampleTest, HandWorkedTwoSamples) {
  // Means 3 and 5; squared deviations 2 and 8; pooled variance 10 / 3.
  const SampleTestResult result =
      TestOf(SampleOf({2, 4, 3}), SampleOf({3, 7}), SampleTest::kStudent);
  EXPECT_DOUBLE_EQ(result.estimate, -2);
  EXPECT_DOUBLE_EQ(result.t, -2 / std::sqrt(10.0 / 3 * (1.0 / 3 + 1.0 / 2)));
  EXPECT_EQ(result.df, 3);
  EXPECT_DOUBLE_EQ(result.effect_size, -2 / std::sqrt(10.0 / 3));
  EXPECT_EQ(result.a.n, 3);
  EXPECT_DOUBLE_EQ(result.b.mean, 5);
}

TEST(SampleTest, OfPairsIsThatOfTheirDifferences) {
  const Vector a = SampleOf({1, 2, 3, 6});
  const Vector b = SampleOf({0.5, 1, 5, 2});
  const SampleTestResult paired =
      TestOf(a, b, SampleTest::kPaired, Alternative::kTwoSided, 0.25);
  const SampleTestResult alone = TestOf(
      a - b, Vector(), SampleTest::kOneSample, Alternative::kTwoSided, 0.25);
  EXPECT_EQ(paired.t, alone.t);
  EXPECT_EQ(paired.p, alone.p);
  EXPECT_EQ(paired.effect_size, alone.effect_size);
  EXPECT_EQ(paired.estimate, alone.estimate);
  // Differences .5, 1, -2, 4: mean .875.
  EXPECT_DOUBLE_EQ(paired.estimate, 0.875);
}

TEST(SampleTest, OneSidedPIsThatOfTheCauchyDistribution) {
  // df = 1: P(T >= t) = 1/2 - atan(t) / pi. Of two values t is their sum over
  // their difference.
  for (const double t : {-3.0, -0.1, 0.2, 5.0}) {
    const Vector sample = SampleOf({t - 1, t + 1});
    const double upper = 0.5 - std::atan(t) / M_PI;
    EXPECT_NEAR(
        TestOf(sample, Vector(), SampleTest::kOneSample, Alternative::kGreater)
            .p,
        upper,
        1e-12);
    EXPECT_NEAR(
        TestOf(sample, Vector(), SampleTest::kOneSample, Alternative::kLess).p,
        1 - upper,
        1e-12);
  }
}

TEST(SampleTest, OneSidedPKeepsItsDigitsFarInTheTail) {
  const Vector sample = SampleOf({1e15 - 1, 1e15 + 1});
  const double two = TestOf(sample, Vector(), SampleTest::kOneSample).p;
  EXPECT_LT(two, 1e-15);
  EXPECT_EQ(
      TestOf(sample, Vector(), SampleTest::kOneSample, Alternative::kGreater).p,
      two / 2);
}

TEST(SampleTest, PermutationsOfOneSide) {
  const Vector permuted = SampleOf({-2, -1, 0, 1, 2});
  EXPECT_DOUBLE_EQ(PermutationP(1, permuted, 0), 5.0 / 6);
  EXPECT_DOUBLE_EQ(PermutationP(1, permuted, 0, Alternative::kGreater), 0.5);
  EXPECT_DOUBLE_EQ(PermutationP(1, permuted, 0, Alternative::kLess), 5.0 / 6);
  // All values of a are above all of b: one order of the 70 reaches it, and
  // p is 1/70 within four standard errors of 2,000 draws.
  SampleTestOptions options;
  options.test = SampleTest::kPermutation;
  options.alternative = Alternative::kGreater;
  options.permutations = 2000;
  const auto result = TestSamples(
      SampleOf({11, 12, 13, 14}), SampleOf({1, 2, 3, 4}), options, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->p, 1.0 / 70, 4 * std::sqrt(1.0 / 70 / 2000));
  EXPECT_TRUE(std::isnan(result->t));
  EXPECT_EQ(result->estimate, 10);
  options.alternative = Alternative::kLess;
  EXPECT_EQ(TestSamples(SampleOf({11, 12, 13, 14}),
                        SampleOf({1, 2, 3, 4}),
                        options,
                        Execution())
                ->p,
            1);
}

TEST(SampleTest, SpearmanIsPearsonOfRanks) {
  const Vector a = SampleOf({3, 1, 4, 1, 5, 9});
  const Vector b = SampleOf({2, 7, 1, 8, 2, 8});
  const SampleTestResult result = TestOf(a, b, SampleTest::kSpearman);
  const Correlation expected =
      PearsonCorrelation(*AverageRanks(a, {}), *AverageRanks(b, {}));
  EXPECT_EQ(result.estimate, expected.r);
  EXPECT_EQ(result.p, expected.p);
  EXPECT_EQ(result.df, 4);
}

TEST(SampleTest, WhatIsNotThereIsLeftOut) {
  const double nan = kNaN;
  const Vector a = SampleOf({1, nan, 2, 4, 3});
  const Vector b = SampleOf({2, 5, nan, 9, 6});
  const Vector a_alone = SampleOf({1, 2, 4, 3});
  const Vector b_alone = SampleOf({2, 5, 9, 6});
  for (const SampleTest test :
       {SampleTest::kStudent, SampleTest::kWelch, SampleTest::kPermutation}) {
    const SampleTestResult with = TestOf(a, b, test);
    const SampleTestResult without = TestOf(a_alone, b_alone, test);
    EXPECT_EQ(with.p, without.p);
    EXPECT_EQ(with.effect_size, without.effect_size);
    EXPECT_EQ(with.a.n, 4);
    EXPECT_EQ(with.b.n, 4);
  }
  for (const SampleTest test :
       {SampleTest::kPaired, SampleTest::kPearson, SampleTest::kSpearman}) {
    const SampleTestResult with = TestOf(a, b, test);
    const SampleTestResult without =
        TestOf(SampleOf({1, 4, 3}), SampleOf({2, 9, 6}), test);
    EXPECT_EQ(with.p, without.p);
    EXPECT_EQ(with.t, without.t);
    EXPECT_EQ(with.a.n, 3);
    EXPECT_EQ(with.b.mean, without.b.mean);
  }
}

TEST(SampleTest, OfTooFewValuesSaysNothing) {
  const Vector none = SampleOf({kNaN});
  const Vector one = SampleOf({1});
  const struct {
    Vector a;
    Vector b;
    SampleTest test;
  } kCases[] = {{one, Vector(), SampleTest::kOneSample},
                {one, one, SampleTest::kStudent},
                {one, one, SampleTest::kWelch},
                {one, none, SampleTest::kPermutation},
                {none, none, SampleTest::kPaired},
                {none, none, SampleTest::kSpearman},
                {SampleOf({1, 2}), SampleOf({3, 5}), SampleTest::kPearson}};
  for (const auto& [a, b, test] : kCases) {
    const SampleTestResult result = TestOf(a, b, test);
    EXPECT_TRUE(std::isnan(result.p)) << static_cast<int>(test);
    EXPECT_TRUE(std::isnan(result.t)) << static_cast<int>(test);
    EXPECT_TRUE(std::isnan(result.df)) << static_cast<int>(test);
  }
}

TEST(SampleTest, FlagsWhatDoesNotVary) {
  const Vector zero = Vector::Zero(4);
  const Vector one = Vector::Ones(4);
  const SampleTestResult apart = TestOf(one, zero, SampleTest::kStudent);
  EXPECT_TRUE(apart.zero_variance);
  EXPECT_EQ(apart.t, std::numeric_limits<double>::infinity());
  EXPECT_EQ(apart.p, 0);
  EXPECT_EQ(TestOf(one, zero, SampleTest::kStudent, Alternative::kLess).p, 1);
  const SampleTestResult equal = TestOf(one, one, SampleTest::kStudent);
  EXPECT_TRUE(equal.zero_variance);
  EXPECT_TRUE(std::isnan(equal.p));
  const SampleTestResult correlation =
      TestOf(one, SampleOf({1, 2, 3, 4}), SampleTest::kPearson);
  EXPECT_TRUE(correlation.zero_variance);
  EXPECT_TRUE(std::isnan(correlation.estimate));
  EXPECT_FALSE(
      TestOf(SampleOf({1, 2, 3}), zero, SampleTest::kStudent).zero_variance);
}

TEST(SampleTest, NamesWhatItRefuses) {
  SampleTestOptions options;
  const Vector infinite =
      SampleOf({1, std::numeric_limits<double>::infinity()});
  const Vector two = SampleOf({1, 2});
  const auto first = TestSamples(infinite, two, options, Execution());
  EXPECT_EQ(ReasonOf(first.status()), reason::kNotFinite);
  EXPECT_EQ(FieldOf(first.status()), "samples");
  EXPECT_EQ(FieldOf(TestSamples(two, infinite, options, Execution()).status()),
            "other");
  options.test = SampleTest::kPaired;
  const auto lengths =
      TestSamples(two, SampleOf({1, 2, 3}), options, Execution()).status();
  EXPECT_EQ(ReasonOf(lengths), reason::kWrongShape);
  EXPECT_EQ(FieldOf(lengths), "other");
}

}  // namespace
}  // namespace modbound
