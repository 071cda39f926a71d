#include <cmath>

#include "core/base/error.h"
#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kComparisonTask[] = "DELAY_COMPARISON";

// dt 100: fixation 0-4, stimulus1 5-9, delay 10-19, stimulus2 20-24, decision
// 25. Values 10 ... 34 are shown as (1 + (v - 10) / 24) / 2.
TEST(DelayComparison, NoiseFreeTrialsByHand) {
  const Task task = TaskWith(kComparisonTask, 100);
  // Pair (18, 10): 2/3 and 1/2.
  Trial trial = task.NoiseFree(0, 0, {0});
  ExpectMeans(
      trial, 26, 2, {{0, 0, 25, 1}, {1, 5, 10, 2.0 / 3}, {1, 20, 25, .5}});
  ExpectTargetFrom(trial, 25, 1);
  // Pair (34, 26), the smaller first: 5/6 and 1.
  trial = task.NoiseFree(1, 0, {4});
  ExpectMeans(
      trial, 26, 2, {{0, 0, 25, 1}, {1, 5, 10, 5.0 / 6}, {1, 20, 25, 1}});
  ExpectTargetFrom(trial, 25, 2);
}

TEST(DelayComparison, DrawsPairsAndOrdersEvenly) {
  ExpectEvenDraws(TaskWith(kComparisonTask, 100), 10, [](const Trial& trial) {
    return 2 * static_cast<int64_t>(trial.extras[0]) + trial.ground_truth;
  });
}

TEST(DelayComparison, NoiseIsInBothStimuli) {
  ExpectNoise(
      TaskWith(kComparisonTask, 100),
      1,
      1,
      [](int64_t t) { return (t >= 5 && t < 10) || (t >= 20 && t < 25); },
      .1);
}

TEST(DelayComparison, VariablesByHand) {
  const Task task = TaskWith(kComparisonTask, 100, [](TaskSpec& spec) {
    spec.value_pairs = {{3, 1}, {2, 1}};
  });
  // 2 of 1 ... 3 is shown as .75, 1 as .5.
  const Matrix variables = task.Variables(task.NoiseFree(1, 0, {1}));
  for (int64_t t = 0; t < 26; ++t) {
    EXPECT_EQ(variables(t, 0), t < 5 ? 0 : .5);
    EXPECT_EQ(variables(t, 1), t < 20 ? 0 : .75);
    EXPECT_EQ(variables(t, 2), t < 20 ? 0 : -.25);
    EXPECT_EQ(variables(t, 3), t < 25 ? 1 : 0);
  }
}

TEST(DelayComparison, RefusesPairsWithoutALargerValue) {
  TaskSpec spec = *DefaultTaskSpec(kComparisonTask);
  for (const std::vector<ValuePair>& pairs :
       {std::vector<ValuePair>{},
        std::vector<ValuePair>{{2, 1}, {1, 1}},
        std::vector<ValuePair>{{1, 2}},
        std::vector<ValuePair>{{1e308, -1e308}},
        std::vector<ValuePair>{{std::nan(""), 1}}}) {
    spec.value_pairs = pairs;
    const auto task = Task::Make(spec, 100);
    EXPECT_EQ(ReasonOf(task.status()), reason::kOutOfRange);
    EXPECT_EQ(FieldOf(task.status()), "task.value_pairs");
  }
}

}  // namespace
}  // namespace modbound
