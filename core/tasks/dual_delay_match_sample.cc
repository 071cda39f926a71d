#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Two samples shown at once and tested one after the other, in an order that
// cues tell (Rose et al. 2016). Channels: fixation 0, stimulus 1: 1 and 2,
// stimulus 2: 3 and 4, cues 5 and 6. Directions 0 and pi/2 are shown as (cos,
// sin); a non-match shows the other direction. The test of sample k is shown on
// the channels of stimulus k, cued by cue k. Targets are match (1) or non-match
// (2) in both test periods; fixation stays at 1. Judged at the last step of
// each test period: both must be right. Ground truth: a + 2 b, where a and b
// are 0 for a match and 1 for a non-match in the first and the second test.
// Extras: direction of sample 1 and of sample 2 (0, or 1 for pi/2), sample that
// is tested first (0 or 1).
namespace modbound {
namespace {

constexpr int64_t kDualStimulus = 1;  // of sample 1; of sample 2 two further
constexpr int64_t kDualCue = 5;

TaskShape DualShape(const TaskSpec& /*spec*/) {
  return {.inputs = 7, .outputs = 3, .trial_types = 4, .noise_channels = 4};
}

void DrawDual(const TaskSpec& /*spec*/, RandomStream& random, Trial& trial) {
  trial.ground_truth = static_cast<int32_t>(random.Index(4));
  for (double& extra : trial.extras) {
    extra = static_cast<double>(random.Index(2));
  }
}

// One of the two tests.
struct DualTest {
  Period cue;
  Period test;
  int64_t sample;  // 0 or 1
  bool non_match;
};

DualTest TestOf(const Trial& trial, bool second) {
  const auto first_sample = static_cast<int64_t>(trial.extras[2]);
  return {.cue = second ? Period::kCue2 : Period::kCue1,
          .test = second ? Period::kTest2 : Period::kTest1,
          .sample = second ? 1 - first_sample : first_sample,
          .non_match = (trial.ground_truth >> (second ? 1 : 0) & 1) == 1};
}

void FillDualMeans(const TaskSetup& /*setup*/,
                   const Trial& trial,
                   Eigen::Ref<Matrix> means) {
  // Direction 0 is (1, 0), pi/2 is (0, 1).
  const auto show = [&](Period period, int64_t sample, bool other) {
    const bool up =
        (trial.extras[static_cast<std::size_t>(sample)] == 1) != other;
    const PeriodSpan& span = trial.periods[period];
    means.col(kDualStimulus + 2 * sample + (up ? 1 : 0))
        .segment(span.begin, span.steps)
        .setOnes();
  };
  show(Period::kSample, 0, false);
  show(Period::kSample, 1, false);
  for (const bool second : {false, true}) {
    const DualTest test = TestOf(trial, second);
    const PeriodSpan& cue = trial.periods[test.cue];
    means.col(kDualCue + test.sample).segment(cue.begin, cue.steps).setOnes();
    show(test.test, test.sample, test.non_match);
  }
}

void FillDualTargets(double /*dt_ms*/, Trial& trial) {
  for (const bool second : {false, true}) {
    const DualTest test = TestOf(trial, second);
    const PeriodSpan& span = trial.periods[test.test];
    for (int64_t t = span.begin; t < span.end(); ++t) {
      trial.targets[static_cast<std::size_t>(t)] = test.non_match ? 2 : 1;
    }
  }
}

Judgement JudgeTests(const TaskSpec& /*spec*/,
                     double /*dt_ms*/,
                     const Trial& trial) {
  Judgement judgement;
  for (const Period test : {Period::kTest1, Period::kTest2}) {
    const int64_t last = trial.periods[test].end() - 1;
    judgement.steps.push_back(last);
    judgement.targets.push_back(trial.targets[static_cast<std::size_t>(last)]);
  }
  return judgement;
}

int64_t JudgedTests(const PeriodSteps& /*periods*/) { return 2; }

// sample1, sample2: +1 for direction 0, -1 for pi/2, from the onset on; order:
// +1 when sample 1 is tested first, else -1, from the first cue on; match: +1
// or -1 while a test is shown.
void FillDualVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const Trial& trial = view.trial;
  const int64_t onset = trial.periods[Period::kSample].begin;
  FillFrom(onset, trial.extras[0] == 0 ? 1 : -1, variables.col(0));
  FillFrom(onset, trial.extras[1] == 0 ? 1 : -1, variables.col(1));
  FillFrom(trial.periods[Period::kCue1].begin,
           trial.extras[2] == 0 ? 1 : -1,
           variables.col(2));
  for (const bool second : {false, true}) {
    const DualTest test = TestOf(trial, second);
    const PeriodSpan& span = trial.periods[test.test];
    variables.col(3)
        .segment(span.begin, span.steps)
        .setConstant(test.non_match ? -1 : 1);
  }
  variables.col(4) = view.means.col(0);
}

}  // namespace

TaskDefinition DualDelayMatchSample() {
  TaskDefinition task;
  task.defaults.name = "DUAL_DELAY_MATCH_SAMPLE";
  for (const Period period : {Period::kFixation,
                              Period::kSample,
                              Period::kDelay1,
                              Period::kCue1,
                              Period::kTest1,
                              Period::kDelay2,
                              Period::kCue2,
                              Period::kTest2}) {
    const bool needs_step = period != Period::kFixation &&
                            period != Period::kDelay1 &&
                            period != Period::kDelay2;
    task.defaults.LengthOf(period) = 500;
    task.periods.push_back({period, needs_step});
  }
  task.defaults.sigma = 1;
  task.fields = {TaskField::kSigma};
  task.shape = DualShape;
  task.response = std::nullopt;
  task.noise_periods = {Period::kSample, Period::kTest1, Period::kTest2};
  task.draw = DrawDual;
  task.fill_means = FillDualMeans;
  task.fill_targets = FillDualTargets;
  task.judge = JudgeTests;
  task.judged_steps = JudgedTests;
  task.variable_names = {"sample1", "sample2", "order", "match", "fixation"};
  task.fill_variables = FillDualVariables;
  return task;
}

}  // namespace modbound
