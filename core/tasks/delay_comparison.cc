#include <algorithm>
#include <utility>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Which of two values, shown one after the other, is larger (Barak et al.
// 2010). Channels: fixation 0, stimulus 1. Ground truths: 0 the first, 1 the
// second. Extras: number of the pair.
namespace modbound {
namespace {

TaskShape ComparisonShape(const TaskSpec& /*spec*/) {
  return {.inputs = 2, .outputs = 3, .trial_types = 2, .noise_channels = 1};
}

void DrawComparison(const TaskSpec& spec, RandomStream& random, Trial& trial) {
  trial.ground_truth = static_cast<int32_t>(random.Index(2));
  trial.extras[0] = static_cast<double>(random.Index(spec.value_pairs.size()));
}

// Inputs for first and second value: (1 + (v - min) / (max - min)) / 2 over all
// pairs.
std::pair<double, double> ComparedInputs(const TaskSpec& spec,
                                         const Trial& trial) {
  double least = spec.value_pairs[0].smaller;
  double most = spec.value_pairs[0].larger;
  for (const ValuePair& pair : spec.value_pairs) {
    least = std::min(least, pair.smaller);
    most = std::max(most, pair.larger);
  }
  const auto input = [&](double value) {
    return (1 + (value - least) / (most - least)) / 2;
  };
  const ValuePair& pair =
      spec.value_pairs[static_cast<std::size_t>(trial.extras[0])];
  std::pair<double, double> inputs = {input(pair.larger), input(pair.smaller)};
  if (trial.ground_truth == 1) {
    std::swap(inputs.first, inputs.second);
  }
  return inputs;
}

void FillComparisonMeans(const TaskSetup& setup,
                         const Trial& trial,
                         Eigen::Ref<Matrix> means) {
  const auto [first, second] = ComparedInputs(setup, trial);
  const PeriodSpan& stimulus1 = trial.periods[Period::kStimulus1];
  const PeriodSpan& stimulus2 = trial.periods[Period::kStimulus2];
  means.col(1).segment(stimulus1.begin, stimulus1.steps).setConstant(first);
  means.col(1).segment(stimulus2.begin, stimulus2.steps).setConstant(second);
}

// value1, value2: the noise-free inputs from their onset on; difference: first
// less second from the second's onset on.
void FillComparisonVariables(const TrialView& view,
                             Eigen::Ref<Matrix> variables) {
  const auto [first, second] = ComparedInputs(view.spec, view.trial);
  const int64_t onset2 = view.trial.periods[Period::kStimulus2].begin;
  FillFrom(
      view.trial.periods[Period::kStimulus1].begin, first, variables.col(0));
  FillFrom(onset2, second, variables.col(1));
  FillFrom(onset2, first - second, variables.col(2));
  variables.col(3) = view.means.col(0);
}

}  // namespace

TaskDefinition DelayComparison() {
  TaskDefinition task;
  task.defaults.name = "DELAY_COMPARISON";
  task.defaults.fixation_ms = 500;
  task.defaults.stimulus1_ms = 500;
  task.defaults.delay_ms = 1000;
  task.defaults.stimulus2_ms = 500;
  task.defaults.decision_ms = 100;
  task.defaults.sigma = 1;
  task.defaults.value_pairs = {
      {18, 10}, {22, 14}, {26, 18}, {30, 22}, {34, 26}};
  task.periods = {{Period::kFixation},
                  {Period::kStimulus1, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kStimulus2, /*needs_step=*/true},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kSigma, TaskField::kValuePairs};
  task.shape = ComparisonShape;
  task.noise_periods = {Period::kStimulus1, Period::kStimulus2};
  task.draw = DrawComparison;
  task.fill_means = FillComparisonMeans;
  task.final_target = ChoiceTarget;
  task.variable_names = {"value1", "value2", "difference", "fixation"};
  task.fill_variables = FillComparisonVariables;
  return task;
}

}  // namespace modbound
