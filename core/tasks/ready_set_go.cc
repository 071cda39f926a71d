#include <algorithm>
#include <cmath>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Produce an interval that was measured before (Remington et al. 2018).
// Channels: fixation 0, ready 1, set 2. The measure period begins with the
// ready cue; the set cue begins where it ends; production, the response period,
// lasts twice the interval P = measure gain. The target is to go (1) at one
// step, floor(P / dt) steps into production. Judged by the first go in
// production: right when its time since the end of the measure period, where
// the set cue begins, differs from P by at most prod_margin P + 25 ms. A step's
// time is that of its beginning, so the target is late by the set cue and early
// by less than a step. Ground truths: 0 for an interval up to the middle of the
// shortest and the longest, 1 beyond.
namespace modbound {
namespace {

constexpr int64_t kReadyCue = 1;
constexpr int64_t kSetCue = 2;
constexpr int32_t kGoOutput = 1;
constexpr double kMarginMs = 25;

TaskShape ReadySetGoShape(const TaskSpec& /*spec*/) {
  return {.inputs = 3, .outputs = 2, .trial_types = 2};
}

void DrawInterval(const TaskSpec& spec,
                  RandomStream& /*random*/,
                  Trial& trial) {
  const Duration& measure = spec.measure_ms;
  const double middle = (measure.shortest() + measure.longest()) / 2;
  trial.ground_truth =
      trial.periods[Period::kMeasure].length_ms > middle ? 1 : 0;
}

// P.
double IntervalOf(const Trial& trial) {
  return trial.periods[Period::kProduction].length_ms / 2;
}

void FillReadySetGoMeans(const TaskSetup& /*setup*/,
                         const Trial& trial,
                         Eigen::Ref<Matrix> means) {
  const PeriodSpan& ready = trial.periods[Period::kReady];
  const PeriodSpan& set = trial.periods[Period::kSet];
  means.col(kReadyCue)
      .segment(ready.begin, std::min(ready.steps, trial.steps() - ready.begin))
      .setOnes();
  means.col(kSetCue).segment(set.begin, set.steps).setOnes();
}

void FillGoTarget(double dt_ms, Trial& trial) {
  const int64_t go = trial.periods[Period::kProduction].begin +
                     StepsOf(IntervalOf(trial), dt_ms);
  trial.targets[static_cast<std::size_t>(go)] = kGoOutput;
}

Judgement JudgeProduction(const TaskSpec& spec,
                          double dt_ms,
                          const Trial& trial) {
  const PeriodSpan& production = trial.periods[Period::kProduction];
  Judgement judgement;
  judgement.steps.reserve(static_cast<std::size_t>(production.steps));
  for (int64_t t = production.begin; t < production.end(); ++t) {
    judgement.steps.push_back(t);
  }
  judgement.response = kGoOutput;
  const double interval = IntervalOf(trial);
  const double margin = spec.prod_margin * interval + kMarginMs;
  const auto set = static_cast<double>(trial.periods[Period::kSet].steps);
  // Rounding of a quotient must not move a whole number to its neighbour.
  constexpr double kTiny = 1e-9;
  judgement.earliest = static_cast<int64_t>(
      std::ceil((interval - margin) / dt_ms - set - kTiny));
  judgement.latest = static_cast<int64_t>(
      std::floor((interval + margin) / dt_ms - set + kTiny));
  return judgement;
}

int64_t ProductionSteps(const PeriodSteps& periods) {
  return periods[Period::kProduction].steps;
}

// since_ready: ms of the measure period so far, held after it; since_set: ms
// since its end; 0 before. At the end of each step.
void FillIntervalVariables(const TrialView& view,
                           Eigen::Ref<Matrix> variables) {
  const PeriodSpan& measure = view.trial.periods[Period::kMeasure];
  for (int64_t t = measure.begin; t < variables.rows(); ++t) {
    const int64_t since = t + 1 - measure.begin;
    variables(t, 0) = static_cast<double>(std::min(since, measure.steps));
    variables(t, 1) =
        static_cast<double>(std::max<int64_t>(since - measure.steps, 0));
  }
  variables.leftCols(2) *= view.dt_ms;
  variables.col(2) = view.means.col(0);
}

}  // namespace

TaskDefinition ReadySetGo() {
  TaskDefinition task;
  task.defaults.name = "READY_SET_GO";
  task.defaults.fixation_ms = 100;
  task.defaults.ready_ms = 83;
  task.defaults.measure_ms = Duration::Choice({800, 1500});
  task.defaults.set_ms = 83;
  task.defaults.gain = 1;
  task.defaults.prod_margin = 0.2;
  task.periods = {{Period::kFixation},
                  {Period::kReady, /*needs_step=*/true, /*beside_next=*/true},
                  {Period::kMeasure, /*needs_step=*/true},
                  {Period::kSet, /*needs_step=*/true},
                  {Period::kProduction}};
  task.fields = {TaskField::kGain, TaskField::kProdMargin};
  task.shape = ReadySetGoShape;
  task.response = Period::kProduction;
  task.draw = DrawInterval;
  task.fill_means = FillReadySetGoMeans;
  task.fill_targets = FillGoTarget;
  task.judge = JudgeProduction;
  task.judged_steps = ProductionSteps;
  task.variable_names = {"since_ready", "since_set", "fixation"};
  task.fill_variables = FillIntervalVariables;
  return task;
}

}  // namespace modbound
