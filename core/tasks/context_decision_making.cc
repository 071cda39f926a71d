#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Which stimulus of the cued modality is stronger, whatever the other modality
// shows (Mante et al. 2013). Channels: fixation 0, stimuli of modality 1: 1 and
// 2, of modality 2: 3 and 4, context cues 5 and 6. Ground truth: the direction
// in the cued modality, whose coherence is the trial's. Extras: the cued
// modality (0 or 1), direction and coherence of the other. neurogym of 2020
// added noise to every channel; here, as in its later versions, the cues and
// the fixation have none.
namespace modbound {
namespace {

constexpr int64_t kModality1 = 1;
constexpr int64_t kModality2 = 3;
constexpr int64_t kContextCue = 5;

TaskShape ContextShape(const TaskSpec& /*spec*/) {
  return {.inputs = 7, .outputs = 3, .trial_types = 2, .noise_channels = 4};
}

void DrawContext(const TaskSpec& spec, RandomStream& random, Trial& trial) {
  trial.ground_truth = static_cast<int32_t>(random.Index(2));
  trial.extras[0] = static_cast<double>(random.Index(2));
  trial.extras[1] = static_cast<double>(random.Index(2));
  trial.extras[2] = spec.coherences[random.Index(spec.coherences.size())];
}

// (1 +- coherence / 100) / 2, the sign that of the direction.
Eigen::RowVector2d ModalityMeans(double direction, double coherence) {
  const double signed_coherence = direction == 0 ? coherence : -coherence;
  return {(1 + signed_coherence / 100) / 2, (1 - signed_coherence / 100) / 2};
}

void FillContextMeans(const TaskSetup& /*setup*/,
                      const Trial& trial,
                      Eigen::Ref<Matrix> means) {
  const bool second = trial.extras[0] == 1;
  const PeriodSpan& stimulus = trial.periods[Period::kStimulus];
  FillRows(stimulus,
           second ? kModality2 : kModality1,
           ModalityMeans(trial.ground_truth, trial.coherence),
           means);
  FillRows(stimulus,
           second ? kModality1 : kModality2,
           ModalityMeans(trial.extras[1], trial.extras[2]),
           means);
  means.col(kContextCue + (second ? 1 : 0)).setOnes();
}

// Running sums of stimulus 1 - stimulus 2 in each modality, held after the
// stimulus; context: +1 where modality 1 is cued, -1 where 2 is.
void FillContextVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const PeriodSpan& stimulus = view.trial.periods[Period::kStimulus];
  const Vector difference = Eigen::Vector2d(1, -1);
  FillEvidence(stimulus, view.inputs, kModality1, difference, variables.col(0));
  FillEvidence(stimulus, view.inputs, kModality2, difference, variables.col(1));
  FillEvidence(stimulus, view.means, kModality1, difference, variables.col(2));
  FillEvidence(stimulus, view.means, kModality2, difference, variables.col(3));
  variables.col(4) =
      view.means.col(kContextCue) - view.means.col(kContextCue + 1);
  variables.col(5) = view.means.col(0);
}

// Of modality 1.
Vector UndecidedContextInput(const TaskSpec& /*spec*/) {
  Vector input(7);
  input << 1, 0.5, 0.5, 0.5, 0.5, 1, 0;
  return input;
}

}  // namespace

TaskDefinition ContextDecisionMaking() {
  TaskDefinition task;
  task.defaults.name = "CONTEXT_DECISION_MAKING";
  task.defaults.fixation_ms = 300;
  task.defaults.stimulus_ms = 750;
  task.defaults.delay_ms = Duration::TruncatedExponential(600, 300, 3000);
  task.defaults.decision_ms = 100;
  task.defaults.sigma = 1;
  task.defaults.coherences = {5, 15, 50};
  task.periods = {{Period::kFixation},
                  {Period::kStimulus, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kSigma, TaskField::kCoherences};
  task.shape = ContextShape;
  task.noise_periods = {Period::kStimulus};
  task.draw = DrawContext;
  task.fill_means = FillContextMeans;
  task.final_target = ChoiceTarget;
  task.constant_input = UndecidedContextInput;
  task.variable_names = {"cumulative_inputs_1",
                         "cumulative_inputs_2",
                         "cumulative_means_1",
                         "cumulative_means_2",
                         "context",
                         "fixation"};
  task.fill_variables = FillContextVariables;
  return task;
}

}  // namespace modbound
