#include <cmath>
#include <numbers>

#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kMatchTask[] = "DELAY_MATCH_SAMPLE";

// dt 100: fixation 0-2, sample 3-7, delay 8-17, test 18-22, decision 23-31.
TEST(DelayMatchSample, NoiseFreeTrialsByHand) {
  const Task task = TaskWith(kMatchTask, 100);
  // Match of direction 0: (1, 0) twice.
  Trial trial = task.NoiseFree(0, 0, {0});
  ExpectMeans(trial, 32, 3, {{0, 0, 23, 1}, {1, 3, 8, 1}, {1, 18, 23, 1}});
  ExpectTargetFrom(trial, 23, 1);
  // Non-match of direction pi: (0, 1), then (1, 0).
  trial = task.NoiseFree(1, 0, {1});
  ExpectMeans(trial, 32, 3, {{0, 0, 23, 1}, {2, 3, 8, 1}, {1, 18, 23, 1}});
  ExpectTargetFrom(trial, 23, 2);
}

TEST(DelayMatchSample, RingByHand) {
  // Directions 0, pi/2, pi, 3 pi/2; the sample at pi/2, a non-match at 3 pi/2.
  const Task task =
      TaskWith(kMatchTask, 100, [](TaskSpec& spec) { spec.dim_ring = 4; });
  EXPECT_EQ(task.outputs(), 3);
  ExpectMeans(task.NoiseFree(1, 0, {1}),
              32,
              5,
              {{0, 0, 23, 1},
               {1, 3, 8, .5},
               {2, 3, 8, 1},
               {3, 3, 8, .5},
               {1, 18, 23, .5},
               {3, 18, 23, .5},
               {4, 18, 23, 1}});
}

TEST(DelayMatchSample, DrawsSamplesAndMatchesEvenly) {
  const Task task =
      TaskWith(kMatchTask, 100, [](TaskSpec& spec) { spec.dim_ring = 4; });
  ExpectEvenDraws(task, 8, [](const Trial& trial) {
    return 2 * static_cast<int64_t>(trial.extras[0]) + trial.ground_truth;
  });
}

TEST(DelayMatchSample, NoiseIsInSampleAndTest) {
  ExpectNoise(
      TaskWith(kMatchTask, 20, [](TaskSpec& spec) { spec.sigma = 2; }),
      1,
      2,
      // 15 steps of fixation, 25 of sample, 50 of delay, 25 of test.
      [](int64_t t) { return (t >= 15 && t < 40) || (t >= 90 && t < 115); },
      2 / std::sqrt(20.0));
}

TEST(DelayMatchSample, VariablesByHand) {
  const Task task = TaskWith(kMatchTask, 100);
  const Matrix variables = task.Variables(task.NoiseFree(1, 0, {1}));
  // sample (pi: cosine -1), test (0), match, fixation.
  for (int64_t t = 0; t < 32; ++t) {
    EXPECT_EQ(variables(t, 0), t < 3 ? 0 : -1);
    EXPECT_EQ(variables(t, 1), t < 18 ? 0 : 1);
    EXPECT_EQ(variables(t, 2), t < 18 ? 0 : -1);
    EXPECT_EQ(variables(t, 3), t < 23 ? 1 : 0);
  }
}

}  // namespace
}  // namespace modbound
