#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kPairedTask[] = "DELAY_PAIRED_ASSOCIATION";

// dt 100: cue 0-9, delay 10-19, cue 20-29, delay 30-39, decision 40-44.
TEST(DelayPairedAssociation, TrialsByHand) {
  const Task task = TaskWith(kPairedTask, 100);
  // Pairs (1,3), (1,4), (2,3), (2,4): go for an even difference.
  const int64_t cues[4][2] = {{1, 3}, {1, 4}, {2, 3}, {2, 4}};
  const int32_t go[4] = {1, 0, 0, 1};
  for (int pair = 0; pair < 4; ++pair) {
    SCOPED_TRACE(pair);
    const Trial trial =
        task.NoiseFree(go[pair], 0, {static_cast<double>(pair)});
    ExpectMeans(
        trial,
        45,
        5,
        {{0, 0, 40, 1}, {cues[pair][0], 0, 10, 1}, {cues[pair][1], 20, 30, 1}});
    ExpectTargetFrom(trial, 40, go[pair]);
  }
}

TEST(DelayPairedAssociation, PairsDecideWhetherToGo) {
  for (const int32_t association : {0, 1}) {
    const Task task = TaskWith(kPairedTask, 100, [&](TaskSpec& spec) {
      spec.association = association;
    });
    ExpectEvenDraws(task, 4, [&](const Trial& trial) {
      const auto pair = static_cast<int64_t>(trial.extras[0]);
      const bool even = pair == 0 || pair == 3;
      EXPECT_EQ(trial.ground_truth, even == (association == 0) ? 1 : 0);
      EXPECT_EQ(trial.targets.back(), trial.ground_truth);
      EXPECT_EQ(trial.inputs, trial.means);
      return pair;
    });
  }
}

TEST(DelayPairedAssociation, VariablesByHand) {
  const Task task = TaskWith(kPairedTask, 100);
  const Matrix variables = task.Variables(task.NoiseFree(0, 0, {2}));
  for (int64_t t = 0; t < 45; ++t) {
    EXPECT_EQ(variables(t, 0), -1);  // cue 2
    EXPECT_EQ(variables(t, 1), t < 20 ? 0 : 1);
    EXPECT_EQ(variables(t, 2), t < 20 ? 0 : -1);
    EXPECT_EQ(variables(t, 3), t < 40 ? 1 : 0);
  }
}

}  // namespace
}  // namespace modbound
