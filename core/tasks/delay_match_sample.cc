#include <cmath>
#include <numbers>

#include "core/tasks/definition.h"
#include "core/tasks/task_parts.h"

// Whether a test stimulus is the sample shown before (Miller et al. 1996).
// Channels: fixation 0, ring 1 ... dim_ring. Ground truths: 0 match, 1
// non-match, the test then opposite to the sample. Extras: number of the
// sample's direction.
namespace modbound {
namespace {

TaskShape MatchShape(const TaskSpec& spec) {
  return {.inputs = 1 + spec.dim_ring,
          .outputs = 3,
          .trial_types = 2,
          .noise_channels = spec.dim_ring};
}

void DrawMatch(const TaskSpec& spec, RandomStream& random, Trial& trial) {
  trial.ground_truth = static_cast<int32_t>(random.Index(2));
  trial.extras[0] =
      static_cast<double>(random.Index(static_cast<uint64_t>(spec.dim_ring)));
}

double SampleDirection(const TaskSpec& spec, const Trial& trial) {
  return RingDirection(spec.dim_ring, static_cast<int64_t>(trial.extras[0]));
}

double TestDirection(const TaskSpec& spec, const Trial& trial) {
  return SampleDirection(spec, trial) +
         (trial.ground_truth == 0 ? 0 : std::numbers::pi);
}

// stimulus_k = 0.5 + 0.5 cos(theta_k - theta); of the opposite direction, 0.5 -
// 0.5 cos.
void FillMatchMeans(const TaskSetup& setup,
                    const Trial& trial,
                    Eigen::Ref<Matrix> means) {
  const auto fill = [&](Period period, double scale) {
    FillRing(trial.periods[period],
             1,
             setup.ring_cosines,
             static_cast<int64_t>(trial.extras[0]),
             0.5,
             scale,
             means);
  };
  fill(Period::kSample, 0.5);
  fill(Period::kTest, trial.ground_truth == 0 ? 0.5 : -0.5);
}

// sample, test: cosine of the direction from its onset on; match: +1, or -1 for
// a non-match, from the test's onset on.
void FillMatchVariables(const TrialView& view, Eigen::Ref<Matrix> variables) {
  const PeriodSteps& periods = view.trial.periods;
  const int64_t test = periods[Period::kTest].begin;
  FillFrom(periods[Period::kSample].begin,
           std::cos(SampleDirection(view.spec, view.trial)),
           variables.col(0));
  FillFrom(
      test, std::cos(TestDirection(view.spec, view.trial)), variables.col(1));
  FillFrom(test, view.trial.ground_truth == 0 ? 1 : -1, variables.col(2));
  variables.col(3) = view.means.col(0);
}

}  // namespace

TaskDefinition DelayMatchSample() {
  TaskDefinition task;
  task.defaults.name = "DELAY_MATCH_SAMPLE";
  task.defaults.fixation_ms = 300;
  task.defaults.sample_ms = 500;
  task.defaults.delay_ms = 1000;
  task.defaults.test_ms = 500;
  task.defaults.decision_ms = 900;
  task.defaults.sigma = 1;
  task.defaults.dim_ring = 2;
  task.periods = {{Period::kFixation},
                  {Period::kSample, /*needs_step=*/true},
                  {Period::kDelay},
                  {Period::kTest, /*needs_step=*/true},
                  {Period::kDecision, /*needs_step=*/true}};
  task.fields = {TaskField::kSigma, TaskField::kDimRing};
  task.shape = MatchShape;
  task.noise_periods = {Period::kSample, Period::kTest};
  task.draw = DrawMatch;
  task.fill_means = FillMatchMeans;
  task.final_target = ChoiceTarget;
  task.variable_names = {"sample", "test", "match", "fixation"};
  task.fill_variables = FillMatchVariables;
  return task;
}

}  // namespace modbound
