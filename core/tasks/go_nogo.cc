#include "core/tasks/definition.h"

namespace modbound {
namespace {

// Channels: fixation 0, no-go cue 1, go cue 2. Ground truths: 0 no-go, 1 go.
constexpr int64_t kNogo = 1;
constexpr int64_t kGo = 2;

void FillCueMeans(const PeriodSteps& periods, Trial& trial) {
  const int64_t cue = trial.ground_truth == 0 ? kNogo : kGo;
  trial.means.col(cue)
      .segment(periods.stimulus_begin(), periods.stimulus)
      .setOnes();
}

int32_t GoNogoTarget(int32_t ground_truth) { return ground_truth; }

// cue: +1 while go is shown, -1 while no-go is.
void FillCueVariables(const PeriodSteps& /*periods*/,
                      const Trial& trial,
                      Matrix& variables) {
  variables.col(0) = trial.inputs.col(kGo) - trial.inputs.col(kNogo);
  variables.col(1) = trial.means.col(0);
}

}  // namespace

TaskDefinition GoNogo() {
  TaskDefinition task;
  task.defaults.name = "GO_NOGO";
  task.defaults.fixation_ms = 0;
  task.defaults.stimulus_ms = 500;
  task.defaults.delay_ms = 500;
  task.defaults.decision_ms = 500;
  task.inputs = 3;
  task.outputs = 2;
  task.trial_types = 2;
  task.fill_means = FillCueMeans;
  task.final_target = GoNogoTarget;
  task.constant_input.resize(3);
  task.constant_input << 1, 0, 0;
  task.variable_names = {"cue", "fixation"};
  task.fill_variables = FillCueVariables;
  return task;
}

}  // namespace modbound
