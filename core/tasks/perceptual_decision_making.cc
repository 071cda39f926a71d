#include "core/tasks/definition.h"

namespace modbound {
namespace {

// Channels: fixation 0, stimulus 1 and 2.
constexpr int64_t kStimulus = 1;

// stimulus_k = 0.5 + cos(theta_k - theta_gt) coherence / 200, theta = (0, pi).
void FillStimulusMeans(const PeriodSteps& periods, Trial& trial) {
  for (int64_t t = periods.stimulus_begin(); t < periods.stimulus_end(); ++t) {
    for (int64_t k = 0; k < 2; ++k) {
      const double cosine = k == trial.ground_truth ? 1 : -1;
      trial.means(t, kStimulus + k) = 0.5 + cosine * trial.coherence / 200;
    }
  }
}

int32_t ChosenTarget(int32_t ground_truth) { return ground_truth + 1; }

// Running sum of stimulus 1 - stimulus 2 over the stimulus period, held after.
void FillEvidence(const PeriodSteps& periods,
                  const Matrix& inputs,
                  Eigen::Ref<Eigen::VectorXd, 0, Eigen::InnerStride<>> sums) {
  double sum = 0;
  for (int64_t t = 0; t < inputs.rows(); ++t) {
    if (t >= periods.stimulus_begin() && t < periods.stimulus_end()) {
      sum += inputs(t, kStimulus) - inputs(t, kStimulus + 1);
    }
    sums(t) = sum;
  }
}

void FillEvidenceVariables(const PeriodSteps& periods,
                           const Trial& trial,
                           Matrix& variables) {
  FillEvidence(periods, trial.inputs, variables.col(0));
  FillEvidence(periods, trial.means, variables.col(1));
  variables.col(2) = trial.means.col(0);
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
  task.inputs = 3;
  task.outputs = 3;
  task.trial_types = 2;
  task.has_noise = true;
  task.noise_channels = {kStimulus, kStimulus + 1};
  task.fill_means = FillStimulusMeans;
  task.final_target = ChosenTarget;
  task.constant_input.resize(3);
  task.constant_input << 1, 0.5, 0.5;
  task.variable_names = {"cumulative_inputs", "cumulative_means", "fixation"};
  task.fill_variables = FillEvidenceVariables;
  return task;
}

}  // namespace modbound
