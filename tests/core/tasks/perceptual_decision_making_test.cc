#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kDelayed[] = "PERCEPTUAL_DECISION_MAKING_DELAY_RESPONSE";

// dt 50: stimulus 0-22, delay (700 ms) 23-36, decision 37-66.
TEST(PerceptualDecisionMakingDelayResponse, NoiseFreeTrialByHand) {
  const Task task =
      TaskWith(kDelayed, 50, [](TaskSpec& spec) { spec.delay_ms = 700; });
  const Trial trial = task.NoiseFree(1, 25.6);
  ExpectMeans(
      trial, 67, 3, {{0, 0, 37, 1}, {1, 0, 23, .372}, {2, 0, 23, .628}});
  ExpectTargetFrom(trial, 37, 2);
}

TEST(PerceptualDecisionMakingDelayResponse, EachDelayIsEquallyLikely) {
  const Task task = TaskWith(kDelayed, 100);
  // 11 + 15 steps without the delay.
  const std::vector<int64_t> steps = {29, 31, 33, 35, 38, 46, 58, 66};
  EXPECT_EQ(task.min_steps(), 29);
  EXPECT_EQ(task.max_steps(), 66);
  ExpectEvenDraws(task, 8, [&](const Trial& trial) {
    return std::find(steps.begin(), steps.end(), trial.steps()) - steps.begin();
  });
}

TEST(PerceptualDecisionMaking, TakesARandomLengthForAnyPeriod) {
  const Task task =
      TaskWith("PERCEPTUAL_DECISION_MAKING", 100, [](TaskSpec& spec) {
        spec.stimulus_ms = Duration::Uniform(100, 300);
      });
  EXPECT_EQ(task.min_steps(), 3);
  EXPECT_EQ(task.max_steps(), 5);
  ExpectEvenDraws(
      task, 2, [](const Trial& trial) { return trial.steps() - 3; });
}

}  // namespace
}  // namespace modbound
