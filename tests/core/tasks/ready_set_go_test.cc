#include "core/base/error.h"
#include "support/task_trials.h"

namespace modbound {
namespace {

constexpr char kReadySetGo[] = "READY_SET_GO";

Task MeasureOf(double ms, double dt_ms, double gain = 1) {
  return TaskWith(kReadySetGo, dt_ms, [&](TaskSpec& spec) {
    spec.measure_ms = ms;
    spec.gain = gain;
  });
}

// dt 80, measure 800: fixation 0, measure 1-10 with the ready cue at 1, set cue
// at 11, production 12-31, its target 10 steps in.
TEST(ReadySetGo, TrialByHand) {
  const Trial trial = MeasureOf(800, 80).NoiseFree(0, 0);
  ExpectMeans(trial, 32, 3, {{0, 0, 12, 1}, {1, 1, 2, 1}, {2, 11, 12, 1}});
  for (int64_t t = 0; t < 32; ++t) {
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)], t == 22 ? 1 : 0);
  }
}

// dt 20, measure 1500: fixation 0-4, measure 5-79, ready cue 5-8, set cue
// 80-83, production 84-233, its target 75 steps in.
TEST(ReadySetGo, FinerTrialByHand) {
  const Trial trial = MeasureOf(1500, 20).NoiseFree(1, 0);
  ExpectMeans(trial, 234, 3, {{0, 0, 84, 1}, {1, 5, 9, 1}, {2, 80, 84, 1}});
  for (int64_t t = 0; t < 234; ++t) {
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)], t == 159 ? 1 : 0);
  }
}

TEST(ReadySetGo, GainStretchesTheProduction) {
  // 1200 ms to produce of 800 measured: 30 steps, target at 15.
  const Trial trial = MeasureOf(800, 80, 1.5).NoiseFree(0, 0);
  EXPECT_EQ(trial.steps(), 12 + 30);
  EXPECT_EQ(std::find(trial.targets.begin(), trial.targets.end(), 1) -
                trial.targets.begin(),
            12 + 15);
}

// Whether a trial is right whose first go is at step j of production.
bool IsRight(const Task& task, int64_t j) {
  const Judgement judgement = task.Judge(task.NoiseFree(0, 0));
  std::vector<int32_t> choices(judgement.steps.size(), 0);
  choices[static_cast<std::size_t>(j)] = 1;
  return judgement.IsRight(choices.data());
}

// Step j of production is (4 + j) 20 ms after the end of measure, the set cue
// lasting 4 steps. Right within .2 P + 25 = 185 ms of P = 800: 615 ... 985 ms,
// that is j = 27 (620) ... 45 (980).
TEST(ReadySetGo, FirstGoMustBeWithinTheMargin) {
  const Task task = MeasureOf(800, 20);
  const Judgement judgement = task.Judge(task.NoiseFree(0, 0));
  EXPECT_EQ(judgement.steps.size(), 80U);
  EXPECT_EQ(judgement.steps.front(), 5 + 40 + 4);
  for (int64_t j = 0; j < 80; ++j) {
    EXPECT_EQ(IsRight(task, j), j >= 27 && j <= 45) << j;
  }
  EXPECT_TRUE(IsRight(task, 40));  // the target
}

// The margins at whole steps count: P = 375 and prod_margin 0 give 350 to 400
// ms, at dt 25 with a set cue of three steps j = 11 to 13.
TEST(ReadySetGo, TheMarginItselfIsWithin) {
  const Task task = TaskWith(kReadySetGo, 25, [](TaskSpec& spec) {
    spec.measure_ms = 375;
    spec.prod_margin = 0;
  });
  for (int64_t j = 0; j < 30; ++j) {
    EXPECT_EQ(IsRight(task, j), j >= 11 && j <= 13) << j;
  }
}

// 1500 ms at dt 80 are 18 steps, 1440 ms: that is what is produced. Right from
// 1440 - 313 to 1440 + 313 ms, j = 14 (1200: 15 steps) to 20 (1680).
TEST(ReadySetGo, TheIntervalIsMeasuredInWholeSteps) {
  const Task task = MeasureOf(1500, 80);
  const Trial trial = task.NoiseFree(0, 0);
  EXPECT_EQ(trial.periods[Period::kMeasure].steps, 18);
  EXPECT_EQ(trial.periods[Period::kProduction].steps, 36);
  EXPECT_EQ(std::find(trial.targets.begin(), trial.targets.end(), 1) -
                trial.targets.begin(),
            trial.periods[Period::kProduction].begin + 18);
  for (int64_t j = 0; j < 36; ++j) {
    EXPECT_EQ(IsRight(task, j), j >= 14 && j <= 20) << j;
  }
}

TEST(ReadySetGo, BothIntervalsAreEquallyLikely) {
  const Task task = TaskWith(kReadySetGo, 20);
  EXPECT_EQ(task.min_steps(), 5 + 40 + 4 + 80);
  EXPECT_EQ(task.max_steps(), 5 + 75 + 4 + 150);
  EXPECT_EQ(task.max_judged_steps(), 150);
  ExpectEvenDraws(task, 2, [&](const Trial& trial) {
    const bool is_long = trial.steps() == task.max_steps();
    EXPECT_TRUE(is_long || trial.steps() == task.min_steps());
    EXPECT_EQ(trial.ground_truth, is_long ? 1 : 0);
    return trial.ground_truth;
  });
}

TEST(ReadySetGo, VariablesByHand) {
  const Task task = MeasureOf(800, 80);
  const Matrix variables = task.Variables(task.NoiseFree(0, 0));
  EXPECT_EQ(variables(0, 0), 0);
  EXPECT_EQ(variables(1, 0), 80);
  EXPECT_EQ(variables(10, 0), 800);
  EXPECT_EQ(variables(31, 0), 800);
  EXPECT_EQ(variables(10, 1), 0);
  EXPECT_EQ(variables(11, 1), 80);
  EXPECT_EQ(variables(31, 1), 21 * 80);
}

TEST(ReadySetGo, RefusesCuesAndIntervalsWithoutAStep) {
  TaskSpec spec = *DefaultTaskSpec(kReadySetGo);
  // The cues last 83 ms.
  EXPECT_EQ(FieldOf(Task::Make(spec, 100).status()), "task.ready_ms");
  spec.ready_ms = 100;
  EXPECT_EQ(FieldOf(Task::Make(spec, 100).status()), "task.set_ms");
  spec.set_ms = 100;
  EXPECT_TRUE(Task::Make(spec, 100).ok());
  spec.gain = .1;
  EXPECT_EQ(FieldOf(Task::Make(spec, 100).status()), "task.gain");
  spec.gain = 0;
  EXPECT_EQ(FieldOf(Task::Make(spec, 100).status()), "task.gain");
  spec.gain = 1;
  spec.prod_margin = -1;
  EXPECT_EQ(FieldOf(Task::Make(spec, 100).status()), "task.prod_margin");
}

}  // namespace
}  // namespace modbound
