#include "core/training/training_record.h"

#include <cmath>

#include "gtest/gtest.h"

namespace modbound {
namespace {

std::vector<Evaluation> Evaluations(const std::vector<double>& accuracies) {
  std::vector<Evaluation> evaluations;
  for (const double accuracy : accuracies) {
    evaluations.push_back({static_cast<int64_t>(evaluations.size()), accuracy});
  }
  return evaluations;
}

TEST(HasStalled, CountsEvaluationsSinceTheBest) {
  EXPECT_FALSE(HasStalled({}, 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.5}), 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.5, 0.6}), 1));
  // Reaching the best again is none.
  EXPECT_TRUE(HasStalled(Evaluations({0.5, 0.5}), 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5}), 2));
  EXPECT_TRUE(HasStalled(Evaluations({0.6, 0.5, 0.55}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5, 0.7}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5, 0.5, 0.5}), 0));
}

TEST(HasStalled, AnAccuracyOfNothingIsNoBest) {
  const double nan = std::nan("");
  EXPECT_TRUE(HasStalled(Evaluations({nan, nan}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({nan, 0}), 2));
}

TEST(Snapshots, AreTakenAtTheEndsToo) {
  EXPECT_EQ(SnapshotCount(10, 25), 4);  // 0 10 20 25
  EXPECT_EQ(SnapshotCount(10, 30), 4);  // 0 10 20 30
  EXPECT_EQ(SnapshotCount(100, 30), 2);
  EXPECT_EQ(SnapshotCount(1, 1), 2);
}

}  // namespace
}  // namespace modbound
