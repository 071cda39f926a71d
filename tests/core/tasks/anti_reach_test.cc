#include <cmath>
#include <numbers>

#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kReachTask[] = "ANTI_REACH";

// dt 100: fixation 0-4, stimulus 5-9, decision 10-14.
TEST(AntiReach, TrialByHand) {
  const Task task =
      TaskWith(kReachTask, 100, [](TaskSpec& spec) { spec.dim_ring = 4; });
  // The right response is direction 1 (pi/2), the stimulus 3 pi/2.
  Trial trial = task.NoiseFree(1, 0);
  ExpectMeans(trial, 15, 5, {{0, 0, 10, 1}, {2, 5, 10, -1}, {4, 5, 10, 1}});
  ExpectTargetFrom(trial, 10, 2);
  const Matrix variables = task.Variables(trial);
  EXPECT_EQ(variables(4, 1), 0);
  EXPECT_NEAR(variables(5, 1), -1, 1e-15);
  EXPECT_NEAR(variables(14, 0), 0, 1e-15);
}

TEST(AntiReach, ProReachesGoToTheStimulus) {
  const Task task = TaskWith(kReachTask, 100, [](TaskSpec& spec) {
    spec.dim_ring = 4;
    spec.anti = false;
  });
  ExpectMeans(task.NoiseFree(1, 0),
              15,
              5,
              {{0, 0, 10, 1}, {2, 5, 10, 1}, {4, 5, 10, -1}});
}

TEST(AntiReach, HasThirtyTwoDirections) {
  const Task task = TaskWith(kReachTask, 100);
  EXPECT_EQ(task.inputs(), 33);
  EXPECT_EQ(task.outputs(), 33);
  const Trial trial = task.NoiseFree(3, 0);
  for (int k = 0; k < 32; ++k) {
    // Peak opposite to direction 3.
    EXPECT_NEAR(trial.means(5, 1 + k),
                std::cos(2 * std::numbers::pi * (k - 19) / 32),
                1e-14);
  }
  EXPECT_EQ(trial.targets.back(), 4);
  ExpectEvenDraws(task, 32, [](const Trial& one) { return one.ground_truth; });
}

}  // namespace
}  // namespace modbound
