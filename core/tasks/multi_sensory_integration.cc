#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// The direction that two modalities show together (Raposo et al. 2014).
// Channels: fixation 0, ring of modality 1: 1 ... dim_ring, of modality 2: the
// next dim_ring. Ground truth: number of the direction. Of the coherence c
// modality 1 has u c and modality 2 (1 - u) c, u uniform in [0, 1). Extras: u.
namespace modbound {
namespace {

TaskShape SensoryShape(const TaskSpec& spec) {
  return {.inputs = 1 + 2 * spec.dim_ring,
          .outputs = 1 + spec.dim_ring,
          .trial_types = spec.dim_ring,
          .noise_channels = 2 * spec.dim_ring};
}

void DrawShare(const TaskSpec& spec, RandomStream& random, Trial& trial) {
  trial.ground_truth =
      static_cast<int32_t>(random.Index(static_cast<uint64_t>(spec.dim_ring)));
  trial.extras[0] = random.Uniform();
}

// stimulus_k = 0.5 + cos(theta_k - theta_gt) coherence / 200.
void FillSensoryMeans(const TaskSetup& setup,
                      const Trial& trial,
                      Eigen::Ref<Matrix> means) {
  const double share = trial.extras[0];
  const auto fill = [&](int64_t first, double coherence) {
    FillRing(trial.periods[Period::kStimulus],
             first,
             setup.ring_cosines,
             trial.ground_truth,
             0.5,
             coherence / 200,
             means);
  };
  fill(1, trial.coherence * share);
  fill(1 + setup.dim_ring, trial.coherence * (1 - share));
}

// Running sums of sum_k cos(theta_k) stimulus_k over the stimulus period, held
// after: with two directions, of stimulus 1 - stimulus 2.
void FillSensoryVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const PeriodSpan& stimulus = view.trial.periods[Period::kStimulus];
  const int64_t ring = view.spec.dim_ring;
  const Vector cosines = RingCosines(ring);
  FillEvidence(stimulus, view.inputs, 1, cosines, variables.col(0));
  FillEvidence(stimulus, view.inputs, 1 + ring, cosines, variables.col(1));
  FillEvidence(stimulus, view.means, 1, cosines, variables.col(2));
  FillEvidence(stimulus, view.means, 1 + ring, cosines, variables.col(3));
  variables.col(4) = view.means.col(0);
}

Vector UndecidedSensoryInput(const TaskSpec& spec) {
  Vector input = Vector::Constant(1 + 2 * spec.dim_ring, 0.5);
  input(0) = 1;
  return input;
}

}  // namespace

TaskDefinition MultiSensoryIntegration() {
  TaskDefinition task;
  task.defaults.name = "MULTI_SENSORY_INTEGRATION";
  task.defaults.fixation_ms = 300;
  task.defaults.stimulus_ms = 750;
  task.defaults.decision_ms = 100;
  task.defaults.sigma = 1;
  task.defaults.coherences = {5, 15, 50};
  task.defaults.dim_ring = 2;
  task.periods = {{Period::kFixation},
                  {Period::kStimulus, /*needs_step=*/true},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {
      TaskField::kSigma, TaskField::kCoherences, TaskField::kDimRing};
  task.shape = SensoryShape;
  task.noise_periods = {Period::kStimulus};
  task.draw = DrawShare;
  task.fill_means = FillSensoryMeans;
  task.final_target = ChoiceTarget;
  task.constant_input = UndecidedSensoryInput;
  task.variable_names = {"cumulative_inputs_1",
                         "cumulative_inputs_2",
                         "cumulative_means_1",
                         "cumulative_means_2",
                         "fixation"};
  task.fill_variables = FillSensoryVariables;
  return task;
}

}  // namespace modbound
