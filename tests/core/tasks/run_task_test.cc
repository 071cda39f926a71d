#include "core/tasks/run_task.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "core/base/error.h"
#include "core/network/run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

Task PerceptualTask() {
  return *Task::Make(*DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING"), 100);
}

// Unit 0 and 1 sum their stimulus; unit 2 is never active, unit 3 always 1/2.
// The readout chooses the larger sum, and fixation while it is shown.
Network Accumulator() {
  Network network;
  network.w_in = Matrix::Zero(4, 3);
  network.w_in(0, 1) = network.w_in(1, 2) = 1;
  network.w_in(2, 1) = -100;
  network.b_in = Vector::Zero(4);
  network.b_rec = Eigen::Vector4d(0, 0, -100, 0.5);
  network.w_rec = Matrix::Zero(4, 4);
  network.w_rec(0, 0) = network.w_rec(1, 1) = 1;
  network.w_out = Matrix::Zero(3, 4);
  network.w_out(1, 0) = network.w_out(2, 1) = 1;
  network.b_out = Vector::Zero(3);
  return network;
}

TEST(RunTask, AnIntegratorIsAsGoodAsTheIdealObserver) {
  TaskRunOptions options;
  options.trials = 5000;
  options.record_steps = false;
  const auto run = RunTask(Accumulator(), PerceptualTask(), options, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const Accuracy accuracy = ScoreTrials(run->trials);
  // Phi(coh/100 sqrt(20) / (.1 sqrt 2)): mean over all .8957, over non-zero
  // .9946, zero .5; binomial sd of 5000, 4000 and 1000 trials: .0043, .0012,
  // .016. Four sd.
  EXPECT_NEAR(*accuracy.accuracy_all, 0.8957, 0.0173);
  EXPECT_NEAR(*accuracy.accuracy, 0.9946, 0.0046);
  EXPECT_NEAR(*accuracy.accuracy_zero, 0.5, 0.063);
}

TEST(RunTask, RecordsWhatTheNetworkDid) {
  const Task task = PerceptualTask();
  const Network network = Accumulator();
  TaskRunOptions options;
  options.trials = 40;
  options.seed = 9;
  options.record_judged = true;
  const auto run = RunTask(network, task, options, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto again =
      RunNetwork(network, run->inputs, 40, RowOrder::kByTrial, Matrix(), {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(run->activity, again->activity);
  EXPECT_EQ(run->outputs, again->outputs);
  for (int64_t k = 0; k < 40; ++k) {
    const int64_t last = k * task.max_steps() + task.max_steps() - 1;
    EXPECT_EQ(run->judged_states.row(k), run->activity.row(last));
    const TrialOutcome& trial = run->trials[static_cast<std::size_t>(k)];
    EXPECT_EQ(trial.choice, Choice(run->outputs.row(last)));
    EXPECT_EQ(trial.correct, trial.choice == trial.ground_truth + 1);
    // The accumulators' difference is the variable of that name.
    EXPECT_NEAR(run->activity(last, 0) - run->activity(last, 1),
                run->variables(last, 0),
                1e-12);
  }
}

TEST(RunTask, AnInterventionIsThatOfARunOnTheClampedInputs) {
  const Task task = PerceptualTask();
  TaskRunOptions options;
  options.trials = 40;
  options.seed = 9;
  const auto intact = RunTask(Accumulator(), task, options, {});
  options.intervention.clamps = {{1, 2, {5, 9}}};
  options.intervention.silences = {{{0}, SilenceLevel::kMean, {10, 20}},
                                   {{3}, SilenceLevel::kZero, {}}};
  options.intervention.weight_edits = {
      {WeightArray::kWOut, 1, 0, EditOperation::kScale, 3}};
  const auto run = RunTask(Accumulator(), task, options, {});
  ASSERT_TRUE(intact.ok() && run.ok()) << run.status();
  // The network's inputs and what is summed of them show the clamp; the trials
  // are the same.
  Matrix clamped = intact->inputs;
  for (int64_t k = 0; k < 40; ++k) {
    clamped.col(1).segment(k * task.max_steps() + 5, 4).setConstant(2);
    const auto at = static_cast<std::size_t>(k);
    EXPECT_EQ(run->trials[at].ground_truth, intact->trials[at].ground_truth);
    EXPECT_EQ(run->trials[at].coherence, intact->trials[at].coherence);
    const int64_t last = k * task.max_steps() + task.max_steps() - 1;
    EXPECT_NEAR(run->variables(last, 0),
                (clamped.col(1) - clamped.col(2))
                    .segment(k * task.max_steps() + 1, 20)
                    .sum(),
                1e-12);
    EXPECT_EQ(run->variables(last, 1), intact->variables(last, 1));
    EXPECT_EQ(run->trials[at].choice, Choice(run->outputs.row(last)));
  }
  EXPECT_EQ(run->inputs, clamped);
  const double level = run->activity(10, 0);
  EXPECT_NEAR(level, intact->activity.col(0).mean(), 1e-12);
  // The same by way of the inputs: the clamp is in them, and the level given.
  Network edited = Accumulator();
  edited.w_out(1, 0) *= 3;
  Matrix state = Matrix::Zero(kTrialBlock, 4);
  for (int64_t t = 0; t < task.max_steps(); ++t) {
    Matrix inputs = Matrix::Zero(kTrialBlock, 3);
    inputs.row(0) = clamped.row(t);
    state = Step(edited, state, inputs);
    state(0, 3) = 0;
    if (t >= 10 && t < 20) {
      state(0, 0) = level;
    }
    EXPECT_EQ(run->activity.row(t), state.row(0)) << t;
    EXPECT_EQ(run->outputs.row(t), Readout(edited, state).row(0)) << t;
  }
}

TEST(RunTask, NoiseOfSilencedUnitsGoesWithTheTrial) {
  TaskRunOptions options;
  options.trials = 70;
  options.intervention.silences = {{{1}, SilenceLevel::kNoise, {}}};
  const auto all = RunTask(Accumulator(), PerceptualTask(), options, {});
  Execution four;
  four.threads = 4;
  const auto same = RunTask(Accumulator(), PerceptualTask(), options, four);
  ASSERT_TRUE(all.ok() && same.ok());
  EXPECT_EQ(all->activity, same->activity);
  // No two trials have the same.
  EXPECT_NE(all->activity.col(1).segment(0, 22),
            all->activity.col(1).segment(22, 22));
}

TEST(RunTask, RefusesStepsBeyondTheTrial) {
  TaskRunOptions options;
  options.intervention.clamps = {{0, 1, {22, {}}}};
  const auto run = RunTask(Accumulator(), PerceptualTask(), options, {});
  EXPECT_EQ(FieldOf(run.status()), "clamp[0].from");
}

TEST(RunTask, CountsTheStepsOfAllTrials) {
  TaskRunOptions options;
  options.trials = 40;
  options.record_steps = false;
  ProgressLog log;
  ASSERT_TRUE(
      RunTask(Accumulator(), PerceptualTask(), options, log.Watch(2)).ok());
  // 22 steps a trial.
  EXPECT_THAT(log.Ends(), testing::ElementsAre("simulating: 880 of 880 steps"));
}

TEST(RunTask, TrialsAreTheSameWhateverTheirNumberAndTheThreads) {
  const Task task = PerceptualTask();
  TaskRunOptions options;
  options.trials = 70;
  Execution four;
  four.threads = 4;
  const auto all = RunTask(Accumulator(), task, options, four);
  options.trials = 33;
  const auto some = RunTask(Accumulator(), task, options, {});
  ASSERT_TRUE(all.ok() && some.ok());
  EXPECT_EQ(some->activity, all->activity.topRows(33 * task.max_steps()));
  EXPECT_EQ(some->inputs, all->inputs.topRows(33 * task.max_steps()));
  options.trials = 2;
  options.first_trial = 31;
  const auto shifted = RunTask(Accumulator(), task, options, {});
  ASSERT_TRUE(shifted.ok());
  EXPECT_EQ(shifted->inputs, all->inputs.middleRows(31 * task.max_steps(), 44));
}

TEST(RunTask, MomentsCountUnitsThatNeverChange) {
  TaskRunOptions options;
  options.trials = 70;  // three blocks
  options.record_moments = true;
  const auto run = RunTask(Accumulator(), PerceptualTask(), options, {});
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->moments.count(), 70 * 22);
  EXPECT_EQ(run->moments.largest(), run->activity.cwiseAbs().maxCoeff());
  EXPECT_EQ(run->moments.SilentUnits(), 2);  // unit 2 at 0, unit 3 at 1/2
}

TEST(RunTask, StartsFromTheGivenState) {
  TaskRunOptions options;
  options.trials = 34;
  options.record_judged = true;
  const auto zero = RunTask(Accumulator(), PerceptualTask(), options, {});
  options.initial_states = Matrix::Zero(1, 4);
  options.initial_states(0, 0) = 8;
  const auto shifted = RunTask(Accumulator(), PerceptualTask(), options, {});
  ASSERT_TRUE(zero.ok() && shifted.ok());
  const Vector change =
      shifted->judged_states.col(0) - zero->judged_states.col(0);
  EXPECT_LT((change.array() - 8).abs().maxCoeff(), 1e-12);
}

TEST(RunTask, RefusesANetworkOfAnotherTask) {
  Network network = Accumulator();
  network.w_out = Matrix::Zero(2, 4);
  network.b_out = Vector::Zero(2);
  const auto run = RunTask(network, PerceptualTask(), {}, {});
  EXPECT_EQ(ReasonOf(run.status()), reason::kContradiction);
  EXPECT_EQ(FieldOf(run.status()), "task");
}

// Holds what it is shown: random weights, three inputs and outputs.
Network RandomNetwork(int64_t units, const Task& task) {
  Network network;
  const auto matrix = [](int64_t rows, int64_t columns, uint64_t index) {
    RandomStream random(1, RandomPurpose::kInitialWeights, index);
    Matrix values(rows, columns);
    for (int64_t i = 0; i < values.size(); ++i) {
      values.data()[i] =
          random.Uniform(-1, 1) / std::sqrt(static_cast<double>(columns));
    }
    return values;
  };
  network.w_in = matrix(units, task.inputs(), 0);
  network.w_rec = matrix(units, units, 1);
  network.w_out = matrix(task.outputs(), units, 2);
  network.b_in = matrix(units, 1, 3).col(0);
  network.b_rec = matrix(units, 1, 4).col(0);
  network.b_out = matrix(task.outputs(), 1, 5).col(0);
  network.dynamics.activation = Activation::kTanh;
  return network;
}

// Each trial of a run is the network alone on that trial's inputs.
void ExpectTrialsByThemselves(const Task& task) {
  const Network network = RandomNetwork(8, task);
  TaskRunOptions options;
  options.trials = 45;
  options.seed = 7;
  options.record_judged = true;
  options.record_moments = true;
  Execution two;
  two.threads = 2;
  const auto run = RunTask(network, task, options, two);
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->first_rows.size(), 46U);
  int64_t judged_row = 0;
  for (std::size_t k = 0; k < 45; ++k) {
    RandomStream random(7, RandomPurpose::kSimulationTrials, k);
    Trial trial;
    task.Draw(random, trial);
    const int64_t T = trial.steps();
    const int64_t row = run->first_rows[k];
    ASSERT_EQ(run->first_rows[k + 1] - row, T);
    EXPECT_EQ(run->inputs.middleRows(row, T), trial.inputs.topRows(T));
    EXPECT_EQ(run->variables.middleRows(row, T), task.Variables(trial));
    const auto alone = RunNetwork(
        network, trial.inputs.topRows(T), 1, RowOrder::kByTrial, Matrix(), {});
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(run->activity.middleRows(row, T), alone->activity);
    EXPECT_EQ(run->outputs.middleRows(row, T), alone->outputs);
    const TrialOutcome& outcome = run->trials[k];
    EXPECT_EQ(outcome.choice, Choice(alone->outputs.row(T - 1)));
    EXPECT_EQ(outcome.task, trial.task);
    std::vector<int32_t> choices;
    for (const int64_t step : task.Judge(trial).steps) {
      EXPECT_EQ(run->judged_states.row(judged_row++),
                alone->activity.row(step));
      choices.push_back(Choice(alone->outputs.row(step)));
    }
    EXPECT_EQ(run->judgements[k].steps, task.Judge(trial).steps);
    EXPECT_EQ(outcome.correct, task.Judge(trial).IsRight(choices.data()));
  }
  EXPECT_EQ(run->activity.rows(), run->first_rows.back());
  EXPECT_EQ(run->judged_states.rows(), judged_row);
  EXPECT_EQ(run->moments.count(), run->first_rows.back());
}

TEST(RunTask, TrialsOfRandomLengthsEndByThemselves) {
  ExpectTrialsByThemselves(
      *Task::Make(*DefaultTaskSpec("CONTEXT_DECISION_MAKING"), 100));
}

TEST(RunTask, TrialsAreJudgedAtTheStepsOfTheirTask) {
  ExpectTrialsByThemselves(*Task::Make(*DefaultTaskSpec("READY_SET_GO"), 80));
  ExpectTrialsByThemselves(
      *Task::Make(*DefaultTaskSpec("DUAL_DELAY_MATCH_SAMPLE"), 100));
}

TEST(RunTask, TrialsOfSeveralTasksAreRunSideBySide) {
  ExpectTrialsByThemselves(Task::Combine(
      {PerceptualTask(),
       *Task::Make(*DefaultTaskSpec("GO_NOGO"), 100),
       *Task::Make(*DefaultTaskSpec("DUAL_DELAY_MATCH_SAMPLE"), 100)}));
}

TEST(RunTask, CountsTheStepsOfTrialsOfDifferentLengths) {
  const Task task =
      *Task::Make(*DefaultTaskSpec("INTERVAL_DISCRIMINATION"), 100);
  TaskRunOptions options;
  options.trials = 40;
  options.record_steps = false;
  ProgressLog log;
  const auto run = RunTask(RandomNetwork(3, task), task, options, log.Watch(2));
  ASSERT_TRUE(run.ok());
  // Blocks of 32 and 8, each as long as its longest trial.
  int64_t longest[2] = {0, 0};
  for (std::size_t k = 0; k < 40; ++k) {
    longest[k / 32] =
        std::max(longest[k / 32], run->first_rows[k + 1] - run->first_rows[k]);
  }
  const std::string steps = std::to_string(32 * longest[0] + 8 * longest[1]);
  EXPECT_THAT(
      log.Ends(),
      testing::ElementsAre("simulating: " + steps + " of " + steps + " steps"));
}

// Fixation holds the unit at 0; without it the unit passes the range of doubles
// within five steps, which short trials would see beside long ones.
TEST(RunTask, WhatWouldComeAfterATrialDoesNotDiverge) {
  TaskSpec spec = *DefaultTaskSpec("GO_NOGO");
  spec.stimulus_ms = spec.decision_ms = 100;
  spec.delay_ms = Duration::Choice({0, 500});
  const Task task = *Task::Make(spec, 100);
  Network network;
  network.w_in = Matrix::Zero(2, 3);
  network.w_in.col(0).setConstant(-1e300);
  network.b_in = Vector::Ones(2);
  network.b_rec = Vector::Zero(2);
  network.w_rec =
      Matrix::Constant(2, 2, 1e308);  // 1 at the end, then no number
  network.w_out = Matrix::Zero(2, 2);
  network.b_out = Vector::Zero(2);
  TaskRunOptions options;
  options.trials = 32;
  const auto run = RunTask(network, task, options, {});
  ASSERT_TRUE(run.ok()) << run.status();
  std::set<int64_t> steps;
  for (std::size_t k = 0; k < 32; ++k) {
    steps.insert(run->first_rows[k + 1] - run->first_rows[k]);
    EXPECT_EQ(run->activity(run->first_rows[k + 1] - 1, 0), 1);
  }
  EXPECT_EQ(steps, (std::set<int64_t>{2, 7}));
}

TEST(RunTaskBytes, CoversTheResult) {
  const Task task = PerceptualTask();
  const double bytes = RunTaskBytes(task, 4, 70, true);
  EXPECT_GE(bytes, 8.0 * 70 * 22 * (4 + 3 + 3 + 3));
}

}  // namespace
}  // namespace modbound
