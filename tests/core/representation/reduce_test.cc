#include "core/representation/reduce.h"

#include <cmath>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/progress_log.h"
#include "support/threads.h"

namespace modbound {
namespace {

TEST(Reduce, AgreesWithTheReference) {
  const Matrix activity = LoadGolden("pca", "activity").ToMatrix();
  const Labels labels = LoadGolden("pca", "module_labels").ToLabels();
  const auto result = Reduce(activity, labels, {}, Threads(2));
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectClose(result->module_activity,
              LoadGolden("pca", "module_means").ToMatrix(),
              1e-12,
              1e-12,
              "module_means");
  ExpectClose(result->reconstruction_r_unit,
              LoadGolden("pca", "reconstruction_r").ToVector(),
              1e-9,
              1e-10,
              "reconstruction_r");
  EXPECT_EQ(result->pca.components.rows(), 4);
  EXPECT_EQ(result->module_component_r.rows(), 4);
  EXPECT_EQ(result->module_component_r.cols(), 4);
}

// Units 0, 1 share a module, unit 2 has its own (label 5), unit 3 has none.
// Time points: (1 3 0 9), (2 2 4 9), (5 1 0 9).
Matrix SmallActivity() {
  Matrix activity(3, 4);
  activity << 1, 3, 0, 9, 2, 2, 4, 9, 5, 1, 0, 9;
  return activity;
}

TEST(Reduce, ReplacesUnitsByTheirModulesMean) {
  const auto result = Reduce(SmallActivity(), {2, 2, 5, -1}, {}, Threads(1));
  ASSERT_TRUE(result.ok()) << result.status();
  Matrix modules(3, 2);
  modules << 2, 0, 2, 4, 3, 0;
  Matrix reconstruction(3, 4);
  reconstruction << 2, 2, 0, 0, 2, 2, 4, 0, 3, 3, 0, 0;
  EXPECT_EQ(result->module_activity, modules);
  EXPECT_EQ(result->reconstruction, reconstruction);
  // Across units 0, 1, 2 at the first time point: (1 3 0) - 4/3 against
  // (2 2 0) - 4/3: products -2/9 + 10/9 + 16/9 = 24/9, squares 42/9 and 24/9:
  // r = sqrt(24 / 42). At the second one both sides are (2 2 4). At the third
  // (5 1 0) - 2 and (3 3 0) - 2: 3 - 1 + 4 = 6, squares 14 and 6.
  EXPECT_NEAR(result->reconstruction_r_time(0), std::sqrt(24.0 / 42.0), 1e-14);
  EXPECT_NEAR(result->reconstruction_r_time(1), 1, 1e-14);
  EXPECT_NEAR(result->reconstruction_r_time(2), std::sqrt(6.0 / 14.0), 1e-14);
  EXPECT_NEAR(result->mean_reconstruction_r,
              result->reconstruction_r_time.mean(),
              1e-15);
  EXPECT_NEAR(result->reconstruction_r_unit(2), 1, 1e-14);
  EXPECT_EQ(result->reconstruction_r_unit(3), 0);
}

TEST(Reduce, UndefinedCorrelationsAreZero) {
  // Both units of the module always opposite: its mean is constant.
  Matrix activity(3, 2);
  activity << 1, -1, 2, -2, 4, -4;
  const auto result = Reduce(activity, {0, 0}, {}, Threads(1));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->reconstruction_r_time, Vector::Zero(3));
  EXPECT_EQ(result->reconstruction_r_unit, Vector::Zero(2));
  EXPECT_EQ(result->module_component_r(0, 0), 0);
  EXPECT_EQ(result->matched_component_r, 0);
}

TEST(Reduce, MatchesModulesToComponentsOneToOne) {
  // Two modules on orthogonal time courses of variance 9 : 1, so that each is
  // one component.
  Matrix activity(4, 4);
  activity << 3, 3, 1, 1, -3, -3, 1, 1, 3, 3, -1, -1, -3, -3, -1, -1;
  const auto result = Reduce(activity, {1, 1, 0, 0}, {}, Threads(1));
  ASSERT_TRUE(result.ok());
  Matrix expected(2, 2);
  expected << 0, 1, 1, 0;
  ExpectClose(result->module_component_r, expected, 0, 1e-12, "|r|");
  EXPECT_NEAR(result->matched_component_r, 1, 1e-12);
}

TEST(Reduce, TakesFewerComponentsThanModules) {
  ReduceOptions options;
  options.components = 1;
  const auto result =
      Reduce(SmallActivity(), {0, 0, 1, 2}, options, Threads(1));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->module_component_r.cols(), 1);
  EXPECT_EQ(result->matched_component_r, result->module_component_r.maxCoeff());
}

TEST(Reduce, DefaultsToNoMoreComponentsThanThereCanBe) {
  // Four modules, three time points.
  const auto result = Reduce(SmallActivity(), {0, 1, 2, 3}, {}, Threads(1));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->pca.components.rows(), 3);
}

TEST(Reduce, BytesDoNotDependOnThreads) {
  const Matrix activity = LoadGolden("pca", "activity").ToMatrix();
  const Labels labels = LoadGolden("pca", "module_labels").ToLabels();
  const auto one = Reduce(activity, labels, {}, Threads(1));
  for (const int threads : {2, 4}) {
    const auto many = Reduce(activity, labels, {}, Threads(threads));
    ASSERT_TRUE(one.ok() && many.ok());
    EXPECT_EQ(one->reconstruction_r_time, many->reconstruction_r_time);
    EXPECT_EQ(one->reconstruction_r_unit, many->reconstruction_r_unit);
    EXPECT_EQ(one->module_component_r, many->module_component_r);
  }
}

TEST(Reduce, CountsEveryPartToItsEnd) {
  ProgressLog log;
  ASSERT_TRUE(Reduce(SmallActivity(), {0, 0, 5, -1}, {}, log.Watch()).ok());
  // Three time points, two modules, and as many components.
  EXPECT_THAT(
      log.Ends(),
      testing::ElementsAre("covariance: 1 of 1 blocks",
                           "components: 1 of 1 blocks",
                           "orthonormal rows: 2 of 2 rows",
                           "scores: 1 of 1 blocks",
                           "reconstruction of time points: 3 of 3 time points",
                           "reconstruction of units: 3 of 3 units",
                           "modules and components: 4 of 4 pairs"));
}

TEST(Reduce, RefusesBadLabelsAndTooManyComponents) {
  const Matrix activity = SmallActivity();
  const auto refused = [&](const Labels& labels, int64_t components) {
    ReduceOptions options;
    options.components = components;
    return Reduce(activity, labels, options, Threads(1)).status();
  };
  EXPECT_EQ(ReasonOf(refused({0, 0, 1}, 0)), reason::kWrongShape);
  EXPECT_EQ(ReasonOf(refused({0, 0, 1, -2}, 0)), reason::kBadLabels);
  EXPECT_EQ(ReasonOf(refused({-1, -1, -1, -1}, 0)), reason::kDegenerate);
  EXPECT_EQ(FieldOf(refused({-1, -1, -1, -1}, 0)), "labels");
  EXPECT_EQ(FieldOf(refused({0, 0, 1, 1}, 4)), "components");
}

}  // namespace
}  // namespace modbound
