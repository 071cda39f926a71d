#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kDualTask[] = "DUAL_DELAY_MATCH_SAMPLE";

// dt 100: eight periods of 5 steps: fixation 0-4, samples 5-9, delay 10-14, cue
// 15-19, test 20-24, delay 25-29, cue 30-34, test 35-39.
TEST(DualDelayMatchSample, NoiseFreeTrialsByHand) {
  const Task task = TaskWith(kDualTask, 100);
  // Sample 1 at 0, sample 2 at pi/2, sample 1 tested first: a match, then a
  // non-match, which shows 0.
  Trial trial = task.NoiseFree(2, 0, {0, 1, 0});
  ExpectMeans(trial,
              40,
              7,
              {{0, 0, 40, 1},
               {1, 5, 10, 1},
               {4, 5, 10, 1},
               {5, 15, 20, 1},
               {1, 20, 25, 1},
               {6, 30, 35, 1},
               {3, 35, 40, 1}});
  for (int64_t t = 0; t < 40; ++t) {
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)],
              t >= 35             ? 2
              : t >= 20 && t < 25 ? 1
                                  : 0);
  }
  // Both samples at pi/2, sample 2 tested first: a non-match, then a match.
  trial = task.NoiseFree(1, 0, {1, 1, 1});
  ExpectMeans(trial,
              40,
              7,
              {{0, 0, 40, 1},
               {2, 5, 10, 1},
               {4, 5, 10, 1},
               {6, 15, 20, 1},
               {3, 20, 25, 1},
               {5, 30, 35, 1},
               {2, 35, 40, 1}});
  for (int64_t t = 0; t < 40; ++t) {
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)],
              t >= 35             ? 1
              : t >= 20 && t < 25 ? 2
                                  : 0);
  }
}

TEST(DualDelayMatchSample, BothTestsMustBeRight) {
  const Task task = TaskWith(kDualTask, 100);
  const Judgement judgement = task.Judge(task.NoiseFree(2, 0, {0, 1, 0}));
  EXPECT_EQ(judgement.steps, (std::vector<int64_t>{24, 39}));
  EXPECT_EQ(judgement.targets, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(task.max_judged_steps(), 2);
}

TEST(DualDelayMatchSample, DrawsAllConditionsEvenly) {
  ExpectEvenDraws(TaskWith(kDualTask, 100), 32, [](const Trial& trial) {
    return trial.ground_truth + 4 * static_cast<int64_t>(trial.extras[0]) +
           8 * static_cast<int64_t>(trial.extras[1]) +
           16 * static_cast<int64_t>(trial.extras[2]);
  });
}

TEST(DualDelayMatchSample, NoiseIsInSamplesAndTests) {
  ExpectNoise(
      TaskWith(kDualTask, 100),
      1,
      4,
      [](int64_t t) {
        return (t >= 5 && t < 10) || (t >= 20 && t < 25) || t >= 35;
      },
      .1);
}

TEST(DualDelayMatchSample, VariablesByHand) {
  const Task task = TaskWith(kDualTask, 100);
  const Matrix variables = task.Variables(task.NoiseFree(2, 0, {0, 1, 1}));
  for (int64_t t = 0; t < 40; ++t) {
    EXPECT_EQ(variables(t, 0), t < 5 ? 0 : 1);
    EXPECT_EQ(variables(t, 1), t < 5 ? 0 : -1);
    EXPECT_EQ(variables(t, 2), t < 15 ? 0 : -1);
    EXPECT_EQ(variables(t, 3), t >= 35 ? -1 : t >= 20 && t < 25 ? 1 : 0);
    EXPECT_EQ(variables(t, 4), 1);
  }
}

TEST(DualDelayMatchSample, FixationFormPeriodEndsWithTheFixationPeriod) {
  const Task task = TaskWith(kDualTask, 100, [](TaskSpec& spec) {
    spec.fixation = Fixation::kPeriod;
  });
  EXPECT_EQ(task.NoiseFree(0, 0).means.col(0).sum(), 5);
}

}  // namespace
}  // namespace modbound
