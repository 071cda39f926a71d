#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

namespace modbound {
namespace {

// Channels: fixation 0, stimulus 1 and 2.
constexpr int64_t kStimulus = 1;

TaskShape PerceptualShape(const TaskSpec& /*spec*/) {
  return {.inputs = 3, .outputs = 3, .trial_types = 2, .noise_channels = 2};
}

// stimulus_k = 0.5 + cos(theta_k - theta_gt) coherence / 200, theta = (0, pi).
void FillStimulusMeans(const TaskSetup& /*setup*/,
                       const Trial& trial,
                       Eigen::Ref<Matrix> means) {
  const double evidence =
      (trial.ground_truth == 0 ? 1 : -1) * trial.coherence / 200;
  FillRows(trial.periods[Period::kStimulus],
           kStimulus,
           Eigen::RowVector2d(0.5 + evidence, 0.5 - evidence),
           means);
}

// Running sums of stimulus 1 - stimulus 2 over the stimulus period, held after.
void FillEvidenceVariables(const TrialView& view,
                           Eigen::Ref<Matrix> variables) {
  const PeriodSpan& stimulus = view.trial.periods[Period::kStimulus];
  const Vector difference = Eigen::Vector2d(1, -1);
  FillEvidence(stimulus, view.inputs, kStimulus, difference, variables.col(0));
  FillEvidence(stimulus, view.means, kStimulus, difference, variables.col(1));
  variables.col(2) = view.means.col(0);
}

Vector UndecidedInput(const TaskSpec& /*spec*/) {
  return Eigen::Vector3d(1, 0.5, 0.5);
}

}  // namespace

TaskDefinition PerceptualDecisionMaking() {
  TaskDefinition task;
  task.defaults.name = "PERCEPTUAL_DECISION_MAKING";
  task.defaults.fixation_ms = 100;
  task.defaults.stimulus_ms = 2000;
  task.defaults.delay_ms = 0;
  task.defaults.decision_ms = 100;
  task.defaults.sigma = 1;
  task.defaults.coherences = {0, 6.4, 12.8, 25.6, 51.2};
  task.periods = {{Period::kFixation},
                  {Period::kStimulus, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kSigma, TaskField::kCoherences};
  task.shape = PerceptualShape;
  task.noise_periods = {Period::kStimulus};
  task.fill_means = FillStimulusMeans;
  task.final_target = ChoiceTarget;
  task.constant_input = UndecidedInput;
  task.variable_names = {"cumulative_inputs", "cumulative_means", "fixation"};
  task.fill_variables = FillEvidenceVariables;
  return task;
}

// The same with other times (Inagaki et al. 2019).
TaskDefinition PerceptualDecisionMakingDelayResponse() {
  TaskDefinition task = PerceptualDecisionMaking();
  task.defaults.name = "PERCEPTUAL_DECISION_MAKING_DELAY_RESPONSE";
  task.defaults.fixation_ms = 0;
  task.defaults.stimulus_ms = 1150;
  task.defaults.delay_ms =
      Duration::Choice({300, 500, 700, 900, 1200, 2000, 3200, 4000});
  task.defaults.decision_ms = 1500;
  return task;
}

}  // namespace modbound
