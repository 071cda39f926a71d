#include <cmath>

#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kContextTask[] = "CONTEXT_DECISION_MAKING";

// Delay 400 ms. dt 50: fixation 0-5, stimulus 6-20, delay 21-28, decision
// 29-30.
Task TaskOfFixedDelay(double sigma = 0) {
  return TaskWith(kContextTask, 50, [&](TaskSpec& spec) {
    spec.delay_ms = 400;
    spec.sigma = sigma;
  });
}

TEST(ContextDecisionMaking, NoiseFreeTrialsByHand) {
  const Task task = TaskOfFixedDelay();
  // Modality 1 is cued and shows direction 0 with 50; modality 2 direction 1
  // with 15.
  Trial trial = task.NoiseFree(0, 50, {0, 1, 15});
  ExpectMeans(trial,
              31,
              7,
              {{0, 0, 29, 1},
               {1, 6, 21, .75},
               {2, 6, 21, .25},
               {3, 6, 21, .425},
               {4, 6, 21, .575},
               {5, 0, 31, 1}});
  ExpectTargetFrom(trial, 29, 1);
  // Modality 2 is cued and shows direction 1 with 5; modality 1 direction 0
  // with 50.
  trial = task.NoiseFree(1, 5, {1, 0, 50});
  ExpectMeans(trial,
              31,
              7,
              {{0, 0, 29, 1},
               {1, 6, 21, .75},
               {2, 6, 21, .25},
               {3, 6, 21, .475},
               {4, 6, 21, .525},
               {6, 0, 31, 1}});
  ExpectTargetFrom(trial, 29, 2);
}

TEST(ContextDecisionMaking, DrawsAllConditionsIndependently) {
  const auto coherence = [](double percent) {
    return percent == 5 ? 0 : percent == 15 ? 1 : 2;
  };
  ExpectEvenDraws(TaskWith(kContextTask, 100), 72, [&](const Trial& trial) {
    return trial.ground_truth + 2 * static_cast<int64_t>(trial.extras[0]) +
           4 * static_cast<int64_t>(trial.extras[1]) +
           8 * coherence(trial.coherence) + 24 * coherence(trial.extras[2]);
  });
}

TEST(ContextDecisionMaking, NoiseIsOnTheFourStimuliAlone) {
  ExpectNoise(
      TaskOfFixedDelay(1),
      1,
      4,
      [](int64_t t) { return t >= 6 && t < 21; },
      1 / std::sqrt(50.0));
}

TEST(ContextDecisionMaking, DelaysDifferFromTrialToTrial) {
  const Task task = TaskWith(kContextTask, 100);
  // 3 + 7 steps before, 3 to 30 of delay, 1 after.
  EXPECT_EQ(task.min_steps(), 14);
  EXPECT_EQ(task.max_steps(), 41);
  double steps = 0;
  for (uint64_t k = 0; k < 4000; ++k) {
    const Trial trial = DrawnTrial(task, k);
    RandomStream random(7, RandomPurpose::kSimulationTrials, k);
    EXPECT_EQ(task.DrawSteps(random), trial.steps());
    ASSERT_GE(trial.steps(), 14);
    ASSERT_LE(trial.steps(), 41);
    steps += static_cast<double>(trial.steps());
  }
  // Delay of mean 870 ms (duration_test.cc), floored to steps: half a step
  // less. sd of a delay 5.5 steps, of the mean .09.
  EXPECT_NEAR(steps / 4000, 11 + 8.7 - .5, .45);
}

TEST(ContextDecisionMaking, VariablesByHand) {
  const Task task = TaskOfFixedDelay();
  const Matrix variables = task.Variables(task.NoiseFree(1, 50, {1, 0, 50}));
  // Each of 15 steps adds .5 to modality 1 and -.5 to modality 2.
  for (int64_t t = 0; t < 31; ++t) {
    const double sum =
        .5 * static_cast<double>(std::clamp<int64_t>(t - 5, 0, 15));
    for (const int64_t column : {0, 2}) {
      EXPECT_DOUBLE_EQ(variables(t, column), sum);
      EXPECT_DOUBLE_EQ(variables(t, column + 1), -sum);
    }
    EXPECT_EQ(variables(t, 4), -1);
    EXPECT_EQ(variables(t, 5), t < 29 ? 1 : 0);
  }
}

TEST(ContextDecisionMaking, ConstantInputIsTheUndecidedStimulusOfModality1) {
  const Task task = TaskOfFixedDelay();
  EXPECT_EQ(task.ConstantInput().transpose(),
            task.NoiseFree(0, 0, {0, 0, 0}).means.row(10));
}

}  // namespace
}  // namespace modbound
