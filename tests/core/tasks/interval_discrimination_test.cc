#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kIntervalTask[] = "INTERVAL_DISCRIMINATION";

// dt 100, stimuli 500 and 300, delay 800: fixation 0-2, first 3-7, delay 8-15,
// second 16-18, delay 19-23, decision 24-26.
TEST(IntervalDiscrimination, TrialByHand) {
  const Task task = TaskWith(kIntervalTask, 100, [](TaskSpec& spec) {
    spec.stimulus1_ms = 500;
    spec.delay1_ms = 800;
    spec.stimulus2_ms = 300;
  });
  const Trial trial = DrawnTrial(task, 0);
  ExpectMeans(trial, 27, 3, {{0, 0, 24, 1}, {1, 3, 8, 1}, {2, 16, 19, 1}});
  EXPECT_EQ(trial.ground_truth, 0);
  ExpectTargetFrom(trial, 24, 1);
  const Matrix variables = task.Variables(trial);
  EXPECT_EQ(variables(2, 0), 0);
  EXPECT_EQ(variables(3, 0), 100);
  EXPECT_EQ(variables(26, 0), 500);
  EXPECT_EQ(variables(15, 1), 0);
  EXPECT_EQ(variables(26, 1), 300);
}

TEST(IntervalDiscrimination, ComparesTheLengthsThatAreShown) {
  const Task task = TaskWith(kIntervalTask, 100);
  // 3 to 6 steps of each stimulus (6 of them never, 600 being left out), 8 to
  // 15 between.
  EXPECT_EQ(task.min_steps(), 3 + 3 + 8 + 3 + 5 + 3);
  int64_t first_longer = 0;
  for (uint64_t k = 0; k < 3000; ++k) {
    const Trial trial = DrawnTrial(task, k);
    const double first = trial.means.col(1).head(trial.steps()).sum();
    const double second = trial.means.col(2).head(trial.steps()).sum();
    EXPECT_GE(first, 3);
    EXPECT_LE(first, 5);
    EXPECT_EQ(trial.ground_truth, first > second ? 0 : 1);
    EXPECT_EQ(trial.targets.back(), first > second ? 1 : 2);
    first_longer += trial.ground_truth == 0 ? 1 : 0;
  }
  // 3, 4, 5 equally likely: 3 of 9 pairs. sd sqrt(3000 * 2 / 9) = 26.
  EXPECT_NEAR(static_cast<double>(first_longer), 1000, 130);
}

}  // namespace
}  // namespace modbound
