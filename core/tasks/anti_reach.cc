#include <cmath>
#include <numbers>
#include <utility>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Respond in the direction opposite to the stimulus, or without `anti` in its
// own (Munoz & Everling 2004). Channels: fixation 0, ring 1 ... dim_ring.
// Ground truth: number of the direction to respond in; outputs: fixate, then
// the ring.
namespace modbound {
namespace {

TaskShape ReachShape(const TaskSpec& spec) {
  return {.inputs = 1 + spec.dim_ring,
          .outputs = 1 + spec.dim_ring,
          .trial_types = spec.dim_ring};
}

double ShownDirection(const TaskSpec& spec, const Trial& trial) {
  return RingDirection(spec.dim_ring, trial.ground_truth) +
         (spec.anti ? std::numbers::pi : 0);
}

// stimulus_k = cos(theta_k - theta); of the opposite direction, - cos.
void FillReachMeans(const TaskSetup& setup,
                    const Trial& trial,
                    Eigen::Ref<Matrix> means) {
  FillRing(trial.periods[Period::kStimulus],
           1,
           setup.ring_cosines,
           trial.ground_truth,
           0,
           setup.anti ? -1 : 1,
           std::move(means));
}

// Cosine and sine of the stimulus from its onset on.
void FillReachVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const int64_t onset = view.trial.periods[Period::kStimulus].begin;
  const double theta = ShownDirection(view.spec, view.trial);
  FillFrom(onset, std::cos(theta), variables.col(0));
  FillFrom(onset, std::sin(theta), variables.col(1));
  variables.col(2) = view.means.col(0);
}

}  // namespace

TaskDefinition AntiReach() {
  TaskDefinition task;
  task.defaults.name = "ANTI_REACH";
  task.defaults.fixation_ms = 500;
  task.defaults.stimulus_ms = 500;
  task.defaults.delay_ms = 0;
  task.defaults.decision_ms = 500;
  task.defaults.dim_ring = 32;
  task.defaults.anti = true;
  task.periods = {{Period::kFixation},
                  {Period::kStimulus, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kDimRing, TaskField::kAnti};
  task.shape = ReachShape;
  task.fill_means = FillReachMeans;
  task.final_target = ChoiceTarget;
  task.variable_names = {"stimulus_cos", "stimulus_sin", "fixation"};
  task.fill_variables = FillReachVariables;
  return task;
}

}  // namespace modbound
