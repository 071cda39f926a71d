#include "core/representation/selectivity.h"

#include <cmath>

#include "core/base/error.h"
#include "core/statistics/correlation.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

// Four units over five time points; modules {0, 1}, {2, 3}.
Matrix Activity() {
  Matrix activity(5, 4);
  activity << 1, 1, 4, 6, 2, 2, 3, 5, 3, 4, 2, 2, 4, 4, 1, 2, 5, 6, 0, 1;
  return activity;
}

Vector Ramp() { return Vector::LinSpaced(5, -2, 2); }

absl::StatusOr<Selectivity> Compute(const Labels& labels,
                                    const Matrix& variables,
                                    const Matrix& outputs,
                                    int64_t cumulative_inputs) {
  SelectivityOptions options;
  options.cumulative_inputs = cumulative_inputs;
  return ComputeSelectivity(
      Activity(), labels, variables, outputs, options, Execution());
}

TEST(Selectivity, CorrelatesModuleMeansWithVariables) {
  const auto result = Compute({0, 0, 1, 1}, Ramp(), Matrix(5, 0), -1);
  ASSERT_TRUE(result.ok()) << result.status();
  const Matrix activity = Activity();
  for (int64_t module = 0; module < 2; ++module) {
    const Vector mean =
        (activity.col(2 * module) + activity.col(2 * module + 1)) / 2;
    const Correlation expected = PearsonCorrelation(mean, Ramp());
    EXPECT_NEAR(result->r(module, 0), expected.r, 1e-14);
    EXPECT_NEAR(result->p(module, 0), expected.p, 1e-12);
  }
  EXPECT_GT(result->r(0, 0), 0.9);
  EXPECT_LT(result->r(1, 0), -0.9);
  EXPECT_EQ(result->output_r.cols(), 0);
  EXPECT_EQ(result->ranked_by, RankedBy::kNothing);
  EXPECT_EQ(result->ranked_modules[0], -1);
}

TEST(Selectivity, RanksBySignOfCumulativeInputs) {
  // Labels with a gap: the modules are 3 (rising) and 7 (falling).
  const auto result = Compute({3, 3, 7, 7}, Ramp(), Matrix(5, 0), 0);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ranked_by, RankedBy::kCumulativeInputs);
  EXPECT_EQ(result->ranked_modules[0], 3);
  EXPECT_EQ(result->ranked_modules[1], 7);
}

TEST(Selectivity, RanksByOutputDifferenceWithoutCumulativeInputs) {
  // output 1 - output 0 = the ramp; three modules, the last of one unit.
  Matrix outputs(5, 2);
  outputs.col(0) = Vector::Constant(5, 1.0);
  outputs.col(1) = Vector::Constant(5, 1.0) + Ramp();
  Matrix activity(5, 5);
  activity.leftCols(4) = Activity();
  activity.col(4) = Ramp();
  const auto result = ComputeSelectivity(
      activity, {1, 1, 0, 0, 2}, Ramp(), outputs, {}, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ranked_by, RankedBy::kOutputDifference);
  // |r| of module 1 is larger than that of module 0; module 2 has r = 1 but a
  // single unit.
  EXPECT_NEAR(result->r(2, 0), 1, 1e-14);
  EXPECT_EQ(result->ranked_modules[0],
            std::abs(result->r(1, 0)) > std::abs(result->r(0, 0)) ? 1 : 0);
  EXPECT_NE(result->ranked_modules[1], 2);
  EXPECT_NE(result->ranked_modules[1], -1);
  EXPECT_TRUE(std::isnan(result->output_r(0, 0)));  // output 0 is constant
  EXPECT_NEAR(result->output_r(0, 1), result->r(0, 0), 1e-14);
}

TEST(Selectivity, SingleUnitModulesHaveNoRole) {
  // Module 0 = unit 0 only, rising like the ramp; module 1 the others.
  const auto result = Compute({0, 1, 1, 1}, Ramp(), Matrix(5, 0), 0);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->r(0, 0), 1, 1e-14);
  EXPECT_NE(result->ranked_modules[0], 0);
}

TEST(Selectivity, ARoleOfTheWrongSignRanksNothing) {
  // Only rising modules: nothing is the most negative.
  const auto result = Compute({0, 0, -1, -1}, Ramp(), Matrix(5, 0), 0);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->ranked_modules[0], 0);
  EXPECT_EQ(result->ranked_modules[1], -1);
}

TEST(Selectivity, ConstantVariablesHaveNoCorrelation) {
  const auto result =
      Compute({0, 0, 1, 1}, Vector::Constant(5, 1.0), Matrix(5, 0), 0);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(std::isnan(result->r(0, 0)));
  EXPECT_TRUE(std::isnan(result->p(0, 0)));
  EXPECT_EQ(result->ranked_modules[0], -1);
  EXPECT_EQ(result->ranked_modules[1], -1);
}

TEST(Selectivity, RefusesBadLabels) {
  EXPECT_EQ(ReasonOf(Compute({0, 0, 1}, Ramp(), Matrix(5, 0), -1).status()),
            reason::kWrongShape);
  EXPECT_EQ(
      FieldOf(Compute({-1, -1, -1, -1}, Ramp(), Matrix(5, 0), -1).status()),
      "labels");
}

}  // namespace
}  // namespace modbound
