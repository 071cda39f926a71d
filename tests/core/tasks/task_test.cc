#include "core/tasks/task.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/tasks/definition.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr char kPerceptual[] = "PERCEPTUAL_DECISION_MAKING";
constexpr char kGoNogo[] = "GO_NOGO";

Task DefaultTask(const char* name, double dt_ms = 100) {
  return *Task::Make(*DefaultTaskSpec(name), dt_ms);
}

Trial DrawTrial(const Task& task, uint64_t seed, uint64_t index) {
  RandomStream random(seed, RandomPurpose::kSimulationTrials, index);
  Trial trial;
  task.Draw(random, trial);
  return trial;
}

// Compares trial `k` of golden arrays (T x K x I and T x K); inputs may differ
// by `tolerance`.
void ExpectGoldenTrial(const Trial& trial,
                       const std::string& prefix,
                       const std::string& dt,
                       int64_t k,
                       int64_t trials,
                       double tolerance) {
  const Matrix inputs =
      LoadGolden("tasks", prefix + "_inputs_" + dt).ToMatrix();
  const Matrix targets =
      LoadGolden("tasks", prefix + "_targets_" + dt).ToMatrix();
  const int64_t T = targets.rows();
  ASSERT_EQ(trial.inputs.rows(), T);
  for (int64_t t = 0; t < T; ++t) {
    ExpectClose(trial.inputs.row(t),
                inputs.row(t * trials + k),
                0,
                tolerance,
                prefix + " inputs");
    EXPECT_EQ(trial.targets[static_cast<std::size_t>(t)], targets(t, k));
  }
}

TEST(PerceptualDecisionMaking, NoiseFreeTrialsAreGolden) {
  for (const auto& [dt, name] : {std::pair{100.0, "dt100"}, {20.0, "dt20"}}) {
    const Task task = DefaultTask(kPerceptual, dt);
    for (int32_t k = 0; k < 10; ++k) {
      const double coherence =
          task.spec().coherences[static_cast<std::size_t>(k % 5)];
      ExpectGoldenTrial(
          task.NoiseFree(k / 5, coherence), "pdm", name, k, 10, 1e-12);
    }
  }
}

TEST(GoNogo, TrialsAreGolden) {
  for (const auto& [dt, name] : {std::pair{100.0, "dt100"}, {20.0, "dt20"}}) {
    const Task task = DefaultTask(kGoNogo, dt);
    for (int32_t k = 0; k < 2; ++k) {
      ExpectGoldenTrial(task.NoiseFree(k, 0), "gng", name, k, 2, 0);
    }
  }
}

TEST(PerceptualDecisionMaking, NoiseHasTheGoldenSpread) {
  for (const auto& [dt, name] : {std::pair{100.0, "dt100"}, {20.0, "dt20"}}) {
    const Task task = DefaultTask(kPerceptual, dt);
    const double expected =
        LoadGolden("tasks", std::string("pdm_noise_sd_") + name).values[0];
    double squares = 0;
    int64_t count = 0;
    for (uint64_t k = 0; k < 4000; ++k) {
      const Trial trial = DrawTrial(task, 3, k);
      const Matrix noise = trial.inputs - trial.means;
      EXPECT_EQ(noise.col(0).cwiseAbs().maxCoeff(), 0);
      EXPECT_EQ(noise.bottomRows(trial.periods[Period::kDecision].steps).norm(),
                0);
      squares += noise.squaredNorm();
      count += 2 * trial.periods[Period::kStimulus].steps;
    }
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count)),
                expected,
                0.01 * expected);
  }
}

TEST(PerceptualDecisionMaking, DrawsGroundTruthAndCoherenceEvenly) {
  const Task task = DefaultTask(kPerceptual);
  Matrix counts = Matrix::Zero(2, 5);
  for (uint64_t k = 0; k < 10000; ++k) {
    const Trial trial = DrawTrial(task, 1, k);
    for (int64_t c = 0; c < 5; ++c) {
      counts(trial.ground_truth, c) +=
          trial.coherence == task.spec().coherences[static_cast<std::size_t>(c)]
              ? 1
              : 0;
    }
  }
  EXPECT_EQ(counts.sum(), 10000);
  // 1000 a cell, sd sqrt(10000 * .1 * .9) = 30: five sd.
  EXPECT_LT((counts.array() - 1000).abs().maxCoeff(), 150);
}

TEST(Task, ATrialDependsOnItsIndexAlone) {
  const Task task = DefaultTask(kPerceptual);
  const Trial alone = DrawTrial(task, 5, 17);
  Trial reused;
  for (uint64_t k = 0; k <= 17; ++k) {
    RandomStream random(5, RandomPurpose::kSimulationTrials, k);
    task.Draw(random, reused);
  }
  EXPECT_EQ(reused.inputs, alone.inputs);
  EXPECT_EQ(reused.targets, alone.targets);
  EXPECT_NE(DrawTrial(task, 5, 18).inputs, alone.inputs);
  EXPECT_NE(DrawTrial(task, 6, 17).inputs, alone.inputs);
}

TEST(PerceptualDecisionMaking, VariablesByHand) {
  // Three stimulus steps of coherence 50, ground truth 0, no noise: stimulus 1
  // minus 2 is .75 - .25 = .5 a step. Periods: 1 fixation, 3 stimulus, 1 delay,
  // 1 decision.
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.stimulus_ms = 300;
  spec.delay_ms = 100;
  spec.sigma = 0;
  const Task task = *Task::Make(spec, 100);
  Matrix expected(6, 3);
  expected << 0, 0, 1,  //
      .5, .5, 1,        //
      1, 1, 1,          //
      1.5, 1.5, 1,      //
      1.5, 1.5, 1,      //
      1.5, 1.5, 0;
  EXPECT_EQ(task.Variables(task.NoiseFree(0, 50)), expected);
  EXPECT_EQ(task.variable_names(),
            (std::vector<std::string>{
                "cumulative_inputs", "cumulative_means", "fixation"}));
}

TEST(PerceptualDecisionMaking, CumulativeInputsHoldTheNoise) {
  const Task task = DefaultTask(kPerceptual);
  const Trial trial = DrawTrial(task, 2, 0);
  const Matrix variables = task.Variables(trial);
  const Vector difference = trial.inputs.col(1) - trial.inputs.col(2);
  EXPECT_NEAR(variables(21, 0), difference.sum(), 1e-12);
  EXPECT_NE(variables(21, 0), variables(21, 1));
}

TEST(GoNogo, CueVariableHasTheSignOfTheCue) {
  const Task task = DefaultTask(kGoNogo);
  const Matrix go = task.Variables(task.NoiseFree(1, 0));
  EXPECT_EQ(go.col(0).head(5), Vector::Ones(5));
  EXPECT_EQ(go.col(0).tail(10), Vector::Zero(10));
  EXPECT_EQ(task.Variables(task.NoiseFree(0, 0)).col(0), -go.col(0));
}

TEST(Task, FixationFormPeriodEndsWithTheFixationPeriod) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.fixation = Fixation::kPeriod;
  const Trial trial = Task::Make(spec, 100)->NoiseFree(0, 0);
  EXPECT_EQ(trial.inputs.col(0).sum(), 1);
  EXPECT_EQ(trial.inputs(0, 0), 1);
}

TEST(Task, StepsAreWholeStepsOfThePeriod) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.fixation_ms = 0.3;  // 0.3 / 0.1 is 2.9999999999999996 in doubles
  spec.stimulus_ms = 0.19;
  spec.decision_ms = 0.1;
  const Task task = *Task::Make(spec, 0.1);
  const PeriodSteps periods = task.NoiseFree(0, 0).periods;
  EXPECT_EQ(periods[Period::kFixation].steps, 3);
  EXPECT_EQ(periods[Period::kStimulus].steps, 1);
  EXPECT_EQ(periods.total, 5);
  EXPECT_EQ(task.max_steps(), 5);
}

TEST(Task, ConstantInputIsTheZeroCoherenceStimulus) {
  const Task perceptual = DefaultTask(kPerceptual);
  EXPECT_EQ(perceptual.ConstantInput(), Vector(Eigen::Vector3d(1, .5, .5)));
  EXPECT_EQ(perceptual.NoiseFree(0, 0).inputs.row(5).transpose(),
            perceptual.ConstantInput());
  EXPECT_EQ(DefaultTask(kGoNogo).ConstantInput(),
            Vector(Eigen::Vector3d(1, 0, 0)));
}

std::string RefusedField(const TaskSpec& spec, double dt_ms = 100) {
  const auto task = Task::Make(spec, dt_ms);
  EXPECT_FALSE(task.ok());
  EXPECT_EQ(ReasonOf(task.status()), reason::kOutOfRange);
  return FieldOf(task.status());
}

TEST(Task, RefusesPeriodsThatHoldNoStep) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.stimulus_ms = 50;
  EXPECT_EQ(RefusedField(spec), "task.stimulus_ms");
  spec.stimulus_ms = 100;
  spec.decision_ms = 0;
  EXPECT_EQ(RefusedField(spec), "task.decision_ms");
}

TEST(Task, RefusesTimesThatAreNoTimes) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.delay_ms = -1;
  EXPECT_EQ(RefusedField(spec), "task.delay_ms");
  spec.delay_ms = std::nan("");
  EXPECT_EQ(RefusedField(spec), "task.delay_ms");
  spec.delay_ms = 0;
  EXPECT_EQ(RefusedField(spec, 0), "dt");
  EXPECT_EQ(RefusedField(spec, 1e-300), "task.fixation_ms");
}

TEST(Task, RefusesUnknownNamesAndForeignFields) {
  TaskSpec spec = *DefaultTaskSpec(kGoNogo);
  spec.sigma = 1;
  EXPECT_EQ(RefusedField(spec), "task.sigma");
  spec.sigma = 0;
  spec.coherences = {5};
  EXPECT_EQ(RefusedField(spec), "task.coherences");
  spec.name = "NO_SUCH_TASK";
  EXPECT_EQ(RefusedField(spec), "task.name");
}

TEST(Task, RefusesCoherencesOutsideTheirRange) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.coherences = {0, 101};
  EXPECT_EQ(RefusedField(spec), "task.coherences");
  spec.coherences = {};
  EXPECT_EQ(RefusedField(spec), "task.coherences");
  spec.coherences = {0};
  spec.sigma = -1;
  EXPECT_EQ(RefusedField(spec), "task.sigma");
}

TEST(Task, EveryTaskOfTheRegistryHoldsTogether) {
  EXPECT_EQ(TaskNames().size(), 12U);
  for (const std::string& name : TaskNames()) {
    SCOPED_TRACE(name);
    const Task task = DefaultTask(name.c_str(), 20);
    EXPECT_EQ(task.ConstantInput().size(), task.inputs());
    EXPECT_EQ(task.ConstantInput()(0), 1);
    for (uint64_t k = 0; k < 50; ++k) {
      const Trial trial = DrawTrial(task, 2, k);
      const int64_t T = trial.steps();
      EXPECT_GE(T, task.min_steps());
      EXPECT_LE(T, task.max_steps());
      EXPECT_LT(trial.ground_truth, task.trial_types());
      ASSERT_EQ(trial.targets.size(), static_cast<std::size_t>(T));
      for (const int32_t target : trial.targets) {
        EXPECT_GE(target, 0);
        EXPECT_LT(target, task.outputs());
      }
      EXPECT_TRUE(trial.inputs.topRows(T).allFinite());
      const Matrix variables = task.Variables(trial);
      EXPECT_EQ(variables.rows(), T);
      // The last variable is the fixation input.
      EXPECT_EQ(variables.col(variables.cols() - 1),
                trial.means.col(0).head(T));
      const Judgement judgement = task.Judge(trial);
      EXPECT_LE(static_cast<int64_t>(judgement.steps.size()),
                task.max_judged_steps());
      EXPECT_EQ(judgement.steps.back(), T - 1);
      // Choosing the targets is right.
      std::vector<int32_t> choices;
      for (const int64_t step : judgement.steps) {
        choices.push_back(trial.targets[static_cast<std::size_t>(step)]);
      }
      EXPECT_TRUE(judgement.IsRight(choices.data()));
      // And never to respond is not, but for a no-go.
      std::fill(choices.begin(), choices.end(), 0);
      EXPECT_EQ(judgement.IsRight(choices.data()),
                judgement.steps.size() == 1 && trial.targets.back() == 0);
    }
  }
}

TEST(Task, RefusesRandomLengthsThatHoldNoStepOrAreNone) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.stimulus_ms = Duration::Uniform(50, 500);
  auto task = Task::Make(spec, 100);
  EXPECT_EQ(FieldOf(task.status()), "task.random");
  EXPECT_EQ(std::string(task.status().message()),
            "task.random: STIMULUS may be 50; the period must hold at least "
            "one step of dt = 100 ms");
  spec.stimulus_ms = Duration::Uniform(500, 100);
  EXPECT_EQ(RefusedField(spec), "task.random");
  spec.stimulus_ms = Duration::Choice({});
  EXPECT_EQ(RefusedField(spec), "task.random");
  spec.stimulus_ms = 100;
  spec.delay_ms = Duration::TruncatedExponential(100, 0, 1e300);
  EXPECT_EQ(RefusedField(spec), "task.random");
}

// A delay of 50 ms would be none at all.
TEST(Task, RefusesLengthsBelowOneStepWherePeriodsMayBeLeftOut) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.delay_ms = 0;
  EXPECT_TRUE(Task::Make(spec, 100).ok());
  spec.delay_ms = 50;
  const absl::Status status = Task::Make(spec, 100).status();
  EXPECT_EQ(FieldOf(status), "task.delay_ms");
  EXPECT_EQ(std::string(status.message()),
            "task.delay_ms is 50; allowed: 0, or at least one step of dt = 100 "
            "ms");
  spec.delay_ms = 0;
  spec.fixation_ms = 99;
  EXPECT_EQ(RefusedField(spec), "task.fixation_ms");
  spec.fixation_ms = 100;
  spec.delay_ms = Duration::Uniform(0, 50);
  EXPECT_EQ(RefusedField(spec), "task.random");
  spec.delay_ms = Duration::Uniform(50, 500);
  EXPECT_EQ(RefusedField(spec), "task.random");
  spec.delay_ms = Duration::Uniform(0, 500);
  EXPECT_TRUE(Task::Make(spec, 100).ok());
}

TEST(Task, RefusesFieldsAndPeriodsOfOtherTasks) {
  for (const auto& [field, set] :
       std::vector<std::pair<std::string, void (*)(TaskSpec&)>>{
           {"task.dim_ring", [](TaskSpec& spec) { spec.dim_ring = 2; }},
           {"task.anti", [](TaskSpec& spec) { spec.anti = true; }},
           {"task.value_pairs",
            [](TaskSpec& spec) {
              spec.value_pairs = {{2, 1}};
            }},
           {"task.gain", [](TaskSpec& spec) { spec.gain = 1; }},
           {"task.prod_margin", [](TaskSpec& spec) { spec.prod_margin = 1; }},
           {"task.association", [](TaskSpec& spec) { spec.association = 1; }},
           {"task.sample_ms", [](TaskSpec& spec) { spec.sample_ms = 100; }},
           {"task.random", [](TaskSpec& spec) {
              spec.cue1_ms = Duration::Uniform(0, 100);
            }}}) {
    TaskSpec spec = *DefaultTaskSpec(kGoNogo);
    set(spec);
    EXPECT_EQ(RefusedField(spec), field);
  }
}

TEST(Task, RefusesRingsAndAssociationsOutOfRange) {
  for (const int64_t dim_ring : {0, 1, 1025}) {
    TaskSpec spec = *DefaultTaskSpec("ANTI_REACH");
    spec.dim_ring = dim_ring;
    EXPECT_EQ(RefusedField(spec), "task.dim_ring");
  }
  TaskSpec spec = *DefaultTaskSpec("DELAY_PAIRED_ASSOCIATION");
  spec.association = 2;
  EXPECT_EQ(RefusedField(spec), "task.association");
}

TEST(Task, ErrorsNameThePathThatIsGiven) {
  TaskSpec spec = *DefaultTaskSpec(kPerceptual);
  spec.sigma = -1;
  EXPECT_EQ(FieldOf(Task::Make(spec, 100, "tasks[3]").status()),
            "tasks[3].sigma");
  spec.name = "NO_SUCH_TASK";
  EXPECT_EQ(FieldOf(Task::Make(spec, 100, "tasks[3]").status()),
            "tasks[3].name");
}

}  // namespace
}  // namespace modbound
