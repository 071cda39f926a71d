#include <algorithm>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Which of two stimuli lasts longer (Genovesio et al. 2009). Channels: fixation
// 0, stimuli 1 and 2. Ground truths: 0 the first lasts more steps, 1 it does
// not: lengths are compared as they are shown, in whole steps, and equal ones
// count as the second.
namespace modbound {
namespace {

TaskShape DiscriminationShape(const TaskSpec& /*spec*/) {
  return {.inputs = 3, .outputs = 3, .trial_types = 2};
}

void CompareIntervals(const TaskSpec& /*spec*/,
                      RandomStream& /*random*/,
                      Trial& trial) {
  const PeriodSteps& periods = trial.periods;
  trial.ground_truth =
      periods[Period::kStimulus1].steps > periods[Period::kStimulus2].steps ? 0
                                                                            : 1;
}

void FillDiscriminationMeans(const TaskSetup& /*setup*/,
                             const Trial& trial,
                             Eigen::Ref<Matrix> means) {
  const PeriodSpan& first = trial.periods[Period::kStimulus1];
  const PeriodSpan& second = trial.periods[Period::kStimulus2];
  means.col(1).segment(first.begin, first.steps).setOnes();
  means.col(2).segment(second.begin, second.steps).setOnes();
}

// duration1, duration2: ms that the stimulus was shown so far, at the end of
// each step.
void FillDurationVariables(const TrialView& view,
                           Eigen::Ref<Matrix> variables) {
  const auto fill = [&](Period period, StepColumn durations) {
    const PeriodSpan& span = view.trial.periods[period];
    for (int64_t t = span.begin; t < durations.size(); ++t) {
      durations(t) = view.dt_ms * static_cast<double>(
                                      std::min(t + 1 - span.begin, span.steps));
    }
  };
  fill(Period::kStimulus1, variables.col(0));
  fill(Period::kStimulus2, variables.col(1));
  variables.col(2) = view.means.col(0);
}

}  // namespace

TaskDefinition IntervalDiscrimination() {
  TaskDefinition task;
  task.defaults.name = "INTERVAL_DISCRIMINATION";
  task.defaults.fixation_ms = 300;
  task.defaults.stimulus1_ms = Duration::Uniform(300, 600);
  task.defaults.delay1_ms = Duration::Uniform(800, 1500);
  task.defaults.stimulus2_ms = Duration::Uniform(300, 600);
  task.defaults.delay2_ms = 500;
  task.defaults.decision_ms = 300;
  task.periods = {{Period::kFixation},
                  {Period::kStimulus1, /*needs_step=*/true},
                  {Period::kDelay1},
                  {Period::kStimulus2, /*needs_step=*/true},
                  {Period::kDelay2},
                  {Period::kDecision, /*needs_step=*/true}};
  task.shape = DiscriminationShape;
  task.draw = CompareIntervals;
  task.fill_means = FillDiscriminationMeans;
  task.final_target = ChoiceTarget;
  task.variable_names = {"duration1", "duration2", "fixation"};
  task.fill_variables = FillDurationVariables;
  return task;
}

}  // namespace modbound
