#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

namespace modbound {
namespace {

// Channels: fixation 0, no-go cue 1, go cue 2. Ground truths: 0 no-go, 1 go.
constexpr int64_t kNogo = 1;
constexpr int64_t kGo = 2;

TaskShape GoNogoShape(const TaskSpec& /*spec*/) {
  return {.inputs = 3, .outputs = 2, .trial_types = 2};
}

void FillCueMeans(const TaskSetup& /*setup*/,
                  const Trial& trial,
                  Eigen::Ref<Matrix> means) {
  const int64_t cue = trial.ground_truth == 0 ? kNogo : kGo;
  const PeriodSpan& stimulus = trial.periods[Period::kStimulus];
  means.col(cue).segment(stimulus.begin, stimulus.steps).setOnes();
}

// cue: +1 while go is shown, -1 while no-go is.
void FillCueVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  variables.col(0) = view.inputs.col(kGo) - view.inputs.col(kNogo);
  variables.col(1) = view.means.col(0);
}

}  // namespace

TaskDefinition GoNogo() {
  TaskDefinition task;
  task.defaults.name = "GO_NOGO";
  task.defaults.fixation_ms = 0;
  task.defaults.stimulus_ms = 500;
  task.defaults.delay_ms = 500;
  task.defaults.decision_ms = 500;
  task.periods = {{Period::kFixation},
                  {Period::kStimulus, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kDecision, /*needs_step=*/true}};
  task.shape = GoNogoShape;
  task.fill_means = FillCueMeans;
  task.final_target = SameTarget;
  task.variable_names = {"cue", "fixation"};
  task.fill_variables = FillCueVariables;
  return task;
}

}  // namespace modbound
