#include <cmath>

#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kSensoryTask[] = "MULTI_SENSORY_INTEGRATION";

// dt 50: fixation 0-5, stimulus 6-20, decision 21-22.
TEST(MultiSensoryIntegration, NoiseFreeTrialByHand) {
  const Task task = TaskWith(kSensoryTask, 50);
  // Coherence 50, a fifth of it in modality 1: 10 and 40.
  const Trial trial = task.NoiseFree(1, 50, {.2});
  ExpectMeans(trial,
              23,
              5,
              {{0, 0, 21, 1},
               {1, 6, 21, .45},
               {2, 6, 21, .55},
               {3, 6, 21, .3},
               {4, 6, 21, .7}});
  ExpectTargetFrom(trial, 21, 2);
  // Sums of stimulus 1 - stimulus 2: -.1 and -.4 a step.
  const Matrix variables = task.Variables(trial);
  EXPECT_NEAR(variables(22, 0), -1.5, 1e-12);
  EXPECT_NEAR(variables(6, 1), -.4, 1e-12);
  EXPECT_NEAR(variables(22, 3), -6, 1e-12);
  EXPECT_EQ(variables(5, 3), 0);
}

TEST(MultiSensoryIntegration, RingByHand) {
  const Task task =
      TaskWith(kSensoryTask, 50, [](TaskSpec& spec) { spec.dim_ring = 4; });
  EXPECT_EQ(task.outputs(), 5);
  EXPECT_EQ(task.trial_types(), 4);
  const Trial trial = task.NoiseFree(2, 40, {1});
  ExpectMeans(trial,
              23,
              9,
              {{0, 0, 21, 1},
               {1, 6, 21, .3},
               {2, 6, 21, .5},
               {3, 6, 21, .7},
               {4, 6, 21, .5},
               {5, 6, 21, .5},
               {6, 6, 21, .5},
               {7, 6, 21, .5},
               {8, 6, 21, .5}});
  ExpectTargetFrom(trial, 21, 3);
}

TEST(MultiSensoryIntegration, DrawsDirectionsCoherencesAndSharesEvenly) {
  ExpectEvenDraws(TaskWith(kSensoryTask, 100), 24, [](const Trial& trial) {
    const int64_t coherence = trial.coherence == 5    ? 0
                              : trial.coherence == 15 ? 1
                                                      : 2;
    return trial.ground_truth + 2 * coherence +
           6 * static_cast<int64_t>(4 * trial.extras[0]);
  });
}

TEST(MultiSensoryIntegration, NoiseIsOnBothModalities) {
  ExpectNoise(
      TaskWith(kSensoryTask, 50),
      1,
      4,
      [](int64_t t) { return t >= 6 && t < 21; },
      1 / std::sqrt(50.0));
}

}  // namespace
}  // namespace modbound
