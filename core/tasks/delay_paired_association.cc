#include <cmath>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Respond when the two cues, one shown after the other, belong together (Zhang
// et al. 2019). Channels: fixation 0, cues 1 ... 4. Pairs (1,3), (1,4), (2,3),
// (2,4) are drawn uniformly; go when (second - first) mod 2 = association.
// Ground truths: 0 no-go, 1 go. Extras: number of the pair.
namespace modbound {
namespace {

TaskShape PairedShape(const TaskSpec& /*spec*/) {
  return {.inputs = 5, .outputs = 2, .trial_types = 2};
}

int64_t FirstCue(const Trial& trial) {
  return 1 + static_cast<int64_t>(trial.extras[0]) / 2;
}

int64_t SecondCue(const Trial& trial) {
  return 3 + static_cast<int64_t>(trial.extras[0]) % 2;
}

void DrawPair(const TaskSpec& spec, RandomStream& random, Trial& trial) {
  trial.extras[0] = static_cast<double>(random.Index(4));
  const int64_t remainder = (SecondCue(trial) - FirstCue(trial)) % 2;
  trial.ground_truth = remainder == spec.association ? 1 : 0;
}

void FillPairMeans(const TaskSetup& /*setup*/,
                   const Trial& trial,
                   Eigen::Ref<Matrix> means) {
  const PeriodSpan& stimulus1 = trial.periods[Period::kStimulus1];
  const PeriodSpan& stimulus2 = trial.periods[Period::kStimulus2];
  means.col(FirstCue(trial))
      .segment(stimulus1.begin, stimulus1.steps)
      .setOnes();
  means.col(SecondCue(trial))
      .segment(stimulus2.begin, stimulus2.steps)
      .setOnes();
}

// first: +1 for cue 1, -1 for cue 2; second: +1 for cue 3, -1 for cue 4; go: +1
// or -1; each from the onset that tells it on.
void FillPairVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const int64_t onset2 = view.trial.periods[Period::kStimulus2].begin;
  FillFrom(view.trial.periods[Period::kStimulus1].begin,
           FirstCue(view.trial) == 1 ? 1 : -1,
           variables.col(0));
  FillFrom(onset2, SecondCue(view.trial) == 3 ? 1 : -1, variables.col(1));
  FillFrom(onset2, view.trial.ground_truth == 1 ? 1 : -1, variables.col(2));
  variables.col(3) = view.means.col(0);
}

}  // namespace

TaskDefinition DelayPairedAssociation() {
  TaskDefinition task;
  task.defaults.name = "DELAY_PAIRED_ASSOCIATION";
  task.defaults.fixation_ms = 0;
  task.defaults.stimulus1_ms = 1000;
  task.defaults.delay1_ms = 1000;
  task.defaults.stimulus2_ms = 1000;
  task.defaults.delay2_ms = 1000;
  task.defaults.decision_ms = 500;
  task.periods = {{Period::kFixation},
                  {Period::kStimulus1, /*needs_step=*/true},
                  {Period::kDelay1},
                  {Period::kStimulus2, /*needs_step=*/true},
                  {Period::kDelay2},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kAssociation};
  task.shape = PairedShape;
  task.draw = DrawPair;
  task.fill_means = FillPairMeans;
  task.final_target = SameTarget;
  task.variable_names = {"first", "second", "go", "fixation"};
  task.fill_variables = FillPairVariables;
  return task;
}

}  // namespace modbound
