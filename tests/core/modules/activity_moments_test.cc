#include "core/modules/activity_moments.h"

#include <cmath>

#include "core/base/random.h"
#include "core/modules/similarity.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

ActivityMoments MomentsOf(const Matrix& activity) {
  ActivityMoments moments;
  for (Eigen::Index t = 0; t < activity.rows(); ++t) {
    moments.Add(activity.row(t));
  }
  return moments;
}

// Varying; constant; 0; noise of sd 0.7e-9 and 1.3e-9 of the largest value, 10,
// on a constant; constant but for the first value.
Matrix Activity() {
  RandomStream random(3, RandomPurpose::kControlUnits, 0);
  Matrix activity(1000, 6);
  for (Eigen::Index t = 0; t < activity.rows(); ++t) {
    const double sign = t % 2 == 0 ? 1 : -1;
    activity.row(t) << random.Uniform(), 3, 0, 7 + sign * 0.7e-8,
        7 - sign * 1.3e-8, 1;
  }
  activity(0, 0) = 10;
  activity(0, 5) = 1 + 1e-6;
  return activity;
}

const std::vector<uint8_t> kActive = {1, 0, 0, 0, 1, 1};

TEST(ActivityMoments, JudgesSdAgainstTheLargestActivity) {
  const ActivityMoments moments = MomentsOf(Activity());
  EXPECT_EQ(moments.count(), 1000);
  EXPECT_EQ(moments.largest(), 10);
  EXPECT_EQ(moments.ActiveUnits(), kActive);
  EXPECT_EQ(moments.SilentUnits(), 3);
}

TEST(ActivityMoments, MeansAndStandardDeviationsOfUnits) {
  // 1, 2, 6: mean 3, sd sqrt((4 + 1 + 9) / 3).
  Matrix activity(3, 2);
  activity << 1, 0.1, 2, 0.1, 6, 0.1;
  const ActivityMoments moments = MomentsOf(activity);
  EXPECT_DOUBLE_EQ(moments.Means()(0), 3);
  EXPECT_DOUBLE_EQ(moments.StandardDeviations()(0), std::sqrt(14.0 / 3));
  EXPECT_EQ(moments.Means()(1), 0.1);
  EXPECT_EQ(moments.StandardDeviations()(1), 0);
}

TEST(ActivityMoments, BlocksJoinToTheWhole) {
  const Matrix activity = Activity();
  ActivityMoments joined;
  joined.Join(ActivityMoments());
  for (const auto& [first, count] :
       {std::pair<int, int>{0, 1}, {1, 499}, {500, 500}}) {
    joined.Join(MomentsOf(activity.middleRows(first, count)));
  }
  EXPECT_EQ(joined.count(), 1000);
  EXPECT_EQ(joined.largest(), 10);
  EXPECT_EQ(joined.ActiveUnits(), kActive);
}

TEST(ActivityMoments, IsTheRuleOfSimilarities) {
  EXPECT_EQ(ActiveColumns(Activity(), {}).value(), kActive);
}

TEST(ActivityMoments, WithoutATimePointHasNoUnits) {
  EXPECT_EQ(ActivityMoments().SilentUnits(), 0);
  EXPECT_TRUE(ActivityMoments().ActiveUnits().empty());
}

}  // namespace
}  // namespace modbound
