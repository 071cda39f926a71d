#include "core/training/train.h"

#include <cmath>

#include "core/base/error.h"
#include "core/tasks/run_task.h"
#include "core/training/short_training.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

Task TaskNamed(const char* name) {
  return *Task::Make(*DefaultTaskSpec(name), 100);
}

TEST(Train, DefaultRecipeReachesTheTargetWithFewSilentUnits) {
  TrainOptions options;
  options.max_steps = 2000;
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop_reason, TrainStopReason::kTargetReached);
  EXPECT_GE(*result->accuracy.accuracy, 0.95);
  // 9 on average over seeds, 44 under the reference recipe.
  EXPECT_LT(result->silent_units, 25);
  // The trained network is as good on trials it has never seen: binomial sd of
  // 1600 trials at .95 is .0055; the evaluation's own, .0077.
  TaskRunOptions fresh;
  fresh.trials = 2000;
  fresh.seed = 99;
  fresh.record_steps = false;
  const auto run = RunTask(result->network, PerceptualTask(), fresh, {});
  ASSERT_TRUE(run.ok());
  EXPECT_GE(*ScoreTrials(run->trials).accuracy, 0.92);
}

TEST(Train, ReferenceRecipeReachesTheTarget) {
  TrainOptions options;
  options.recipe = Recipe::kReference;
  options.max_steps = 2000;
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop_reason, TrainStopReason::kTargetReached);
}

TEST(Train, LearnsGoNogo) {
  TrainOptions options;
  options.units = 32;
  options.max_steps = 2000;
  const auto result = Train(TaskNamed("GO_NOGO"), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(*result->accuracy.accuracy, 0.95);
  EXPECT_FALSE(result->accuracy.accuracy_zero.has_value());
  EXPECT_EQ(result->psychometric.rows(), 0);
}

TEST(Train, RecordsEveryStepAndEveryEvaluation) {
  const auto result = Train(PerceptualTask(), ShortOptions(), {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop_reason, TrainStopReason::kMaxSteps);
  EXPECT_EQ(result->steps, 25);
  EXPECT_EQ(result->loss.size(), 25u);
  EXPECT_EQ(result->accuracy_curve.col(0), Vector(Eigen::Vector3d(10, 20, 25)));
  EXPECT_EQ(result->psychometric.rows(), 9);
  EXPECT_EQ(result->psychometric.col(2).sum(), 50);
  EXPECT_EQ(result->steps_per_second, 0);  // no clock was given
}

TEST(Train, SameSeedSameNetworkOtherSeedAnother) {
  TrainOptions options = ShortOptions();
  const auto a = Train(PerceptualTask(), options, {});
  Execution four;
  four.threads = 4;
  const auto b = Train(PerceptualTask(), options, four);
  options.seed = 4;
  const auto c = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(a->network.w_rec, b->network.w_rec);
  EXPECT_EQ(a->loss, b->loss);
  EXPECT_EQ(a->accuracy_curve, b->accuracy_curve);
  EXPECT_NE(a->network.w_rec, c->network.w_rec);
}

TEST(Train, EvaluatingMoreOftenDoesNotChangeTraining) {
  TrainOptions options = ShortOptions();
  const auto a = Train(PerceptualTask(), options, {});
  options.eval_every = 3;
  const auto b = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->network.w_rec, b->network.w_rec);
}

TEST(Train, FloatTrainingGivesFloats) {
  const auto result = Train(PerceptualTask(), ShortOptions(), {});
  ASSERT_TRUE(result.ok());
  const Matrix& w_rec = result->network.w_rec;
  EXPECT_EQ(w_rec.cast<float>().cast<double>(), w_rec);
  EXPECT_EQ(result->initial.w_rec.cast<float>().cast<double>(),
            result->initial.w_rec);
}

TEST(Train, FirstStepsOfFloatAndDoubleAgree) {
  TrainOptions options = ShortOptions();
  options.max_steps = 5;
  const auto floats = Train(PerceptualTask(), options, {});
  options.precision = Precision::kFloat64;
  const auto doubles = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(floats.ok() && doubles.ok());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(floats->loss[i], doubles->loss[i], 1e-4 * doubles->loss[i]);
  }
}

TEST(Train, DivergenceNamesStepAndLastLoss) {
  TrainOptions options = ShortOptions();
  options.dynamics.activation = Activation::kLinear;
  options.recipe = Recipe::kReference;
  options.learning_rate = 10;
  options.max_steps = 1000;
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok());
  const absl::Status& failure = result->failure;
  EXPECT_EQ(failure.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(failure), reason::kDiverged);
  EXPECT_EQ(failure.message(),
            absl::StrCat("the loss is no longer finite at step ",
                         result->steps,
                         "; last finite loss: ",
                         result->loss.back()));
}

// The weights that the last finite loss was measured with are those that the
// same training ends with one step before.
TEST(Train, DivergenceKeepsTheLastGoodWeights) {
  for (const int64_t eval_every : {1000, 3}) {
    TrainOptions options = ShortOptions();
    options.dynamics.activation = Activation::kLinear;
    options.recipe = Recipe::kReference;
    options.learning_rate = 0.7;
    options.seq_len = 100;
    options.max_steps = 1000;
    options.eval_every = eval_every;
    options.target_accuracy = 2;
    const auto kept = Train(PerceptualTask(), options, {});
    ASSERT_TRUE(kept.ok());
    ASSERT_FALSE(kept->failure.ok());
    EXPECT_EQ(kept->stop_reason, TrainStopReason::kDiverged);
    ASSERT_GT(kept->steps, 1);
    ASSERT_EQ(static_cast<int64_t>(kept->loss.size()), kept->steps);
    options.max_steps = kept->steps - 1;
    const auto sound = Train(PerceptualTask(), options, {});
    ASSERT_TRUE(sound.ok());
    ASSERT_TRUE(sound->failure.ok());
    EXPECT_EQ(kept->network.w_rec, sound->network.w_rec);
    EXPECT_EQ(kept->network.b_out, sound->network.b_out);
    EXPECT_EQ(kept->initial.w_rec, sound->initial.w_rec);
    EXPECT_TRUE(
        std::equal(sound->loss.begin(), sound->loss.end(), kept->loss.begin()));
    EXPECT_EQ(kept->accuracy_curve.rows(), (kept->steps - 1) / eval_every);
    EXPECT_EQ(kept->psychometric.cols(), 3);
  }
}

TEST(Train, StopsInTheMiddle) {
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  int64_t reports = 0;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.unit, "steps");
    EXPECT_EQ(update.total, 1000000);
    ++reports;
    stop.Stop();
  };
  TrainOptions options = ShortOptions();
  options.max_steps = 1000000;
  const auto result = Train(PerceptualTask(), options, execution);
  EXPECT_EQ(ReasonOf(result.status()), reason::kCancelled);
  EXPECT_EQ(reports, 1);
}

TEST(Train, ReportsItsStepsAndNotThoseOfEvaluations) {
  std::vector<std::string> phases;
  ProgressUpdate last;
  Execution execution;
  execution.progress = [&](const ProgressUpdate& update) {
    phases.push_back(update.phase);
    last = update;
  };
  ASSERT_TRUE(Train(PerceptualTask(), ShortOptions(), execution).ok());
  EXPECT_THAT(phases, testing::Each("training"));
  EXPECT_EQ(last.done, 25);
  EXPECT_EQ(last.metrics.count("accuracy"), 1);
}

TEST(Train, CountsOnlyTheStepLoopInItsRate) {
  // Every reading of this clock is a second after the one before: one second a
  // stretch between evaluations, whatever the evaluations take.
  TrainOptions options = ShortOptions();
  double now = 0;
  options.seconds = [&] { return ++now; };
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok());
  EXPECT_DOUBLE_EQ(result->steps_per_second, 25.0 / 3);
}

TEST(Train, RefusesWhatCannotBeTrained) {
  TaskSpec spec = *DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING");
  spec.coherences = {0};
  const auto result = Train(*Task::Make(spec, 100), ShortOptions(), {});
  EXPECT_EQ(FieldOf(result.status()), "task.coherences");
  TrainOptions options = ShortOptions();
  options.dynamics.tau_ms = 50;
  EXPECT_EQ(FieldOf(Train(PerceptualTask(), options, {}).status()), "dt");
}

TEST(InitialNetwork, FollowsTheFanInOfEachArray) {
  const Network network = InitialNetwork(Recipe::kReference, 100, 4, 3, {}, 1);
  // The largest of n uniform numbers is within 5/n of the bound (p = e^-5).
  EXPECT_LE(network.w_in.cwiseAbs().maxCoeff(), 0.5);
  EXPECT_GT(network.w_in.cwiseAbs().maxCoeff(), 0.5 * (1 - 5.0 / 400));
  EXPECT_LE(network.b_in.cwiseAbs().maxCoeff(), 0.5);
  EXPECT_GT(network.b_in.cwiseAbs().maxCoeff(), 0.5 * (1 - 5.0 / 100));
  for (const Matrix& array :
       {network.w_rec, Matrix(network.b_rec), network.w_out}) {
    EXPECT_LE(array.cwiseAbs().maxCoeff(), 0.1);
    EXPECT_GT(array.cwiseAbs().maxCoeff(), 0.1 * (1 - 5.0 / 100));
  }
}

TEST(TrainBytes, GrowsWithTheBuffers) {
  TrainOptions options;
  options.units = 8192;
  options.batch_size = 4096;
  options.seq_len = 100000;
  // Three buffers of floats.
  EXPECT_GT(TrainBytes(PerceptualTask(), options),
            3.0 * 4 * 8192 * 4096 * 100000);
}

// Columns are filled up to whole registers, which counts for one unit.
TEST(TrainBytes, CountsWhatIsFilledUp) {
  TrainOptions options;
  options.units = 1;
  options.batch_size = 100;
  options.seq_len = 100000;
  EXPECT_GT(TrainBytes(PerceptualTask(), options), 4.0 * 4 * 8 * 100 * 100000);
}

std::string BytesOf(TrainResult result) {
  std::string bytes;
  for (const Network* network : {&result.network, &result.initial}) {
    for (const Matrix* weights :
         {&network->w_in, &network->w_rec, &network->w_out}) {
      AppendBytes(*weights, bytes);
    }
    for (const Vector* bias :
         {&network->b_in, &network->b_rec, &network->b_out}) {
      AppendBytes(*bias, bytes);
    }
  }
  AppendBytes(result.loss, bytes);
  AppendBytes(result.penalty, bytes);
  AppendBytes(result.snapshots.steps, bytes);
  for (const std::string& array : result.snapshots.arrays) {
    AppendBytes(array, bytes);
  }
  AppendBytes(result.accuracy_curve, bytes);
  AppendBytes(result.psychometric, bytes);
  AppendBytes(&result.steps, 1, bytes);
  AppendBytes(&result.silent_units, 1, bytes);
  AppendBytes(&result.accuracy.accuracy_all, 1, bytes);
  bytes.push_back(static_cast<char>(result.stop_reason));
  return bytes;
}

TEST(Train, GoesOnFromEachCheckpointWithTheSameBytes) {
  for (const Precision precision : {Precision::kFloat32, Precision::kFloat64}) {
    TrainOptions options = ShortOptions();
    options.precision = precision;
    ExpectGoesOn(
        [&](const Execution& execution) -> absl::StatusOr<std::string> {
          auto result = Train(PerceptualTask(), options, execution);
          if (!result.ok()) {
            return result.status();
          }
          return BytesOf(*std::move(result));
        },
        // Before each of 25 steps but the first.
        24);
  }
}

TEST(Train, ThatStopsAtTheTargetGoesOnToTheSameStep) {
  TrainOptions options = ShortOptions();
  options.learning_rate = 0.02;
  options.eval_every = 20;
  options.max_steps = 200;
  options.target_accuracy = 0.3;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        auto result = Train(PerceptualTask(), options, execution);
        if (!result.ok()) {
          return result.status();
        }
        EXPECT_LT(result->steps, options.max_steps);
        EXPECT_EQ(result->stop_reason, TrainStopReason::kTargetReached);
        return BytesOf(*std::move(result));
      },
      19);
}

TEST(Train, ProgressAndTimeGoOnWhereTheCheckpointWas) {
  TrainOptions options = ShortOptions();
  double now = 0;
  options.seconds = [&now] { return now += 1; };
  StopFlag stop;
  MemoryCheckpoint first;
  first.StopAfter(17, &stop);
  Execution execution;
  execution.stop = &stop;
  execution.checkpoint = &first;
  EXPECT_TRUE(
      absl::IsCancelled(Train(PerceptualTask(), options, execution).status()));
  MemoryCheckpoint second(first.offered());
  execution.stop = nullptr;
  execution.checkpoint = &second;
  std::vector<ProgressUpdate> updates;
  execution.progress = [&](const ProgressUpdate& update) {
    updates.push_back(update);
  };
  const auto result = Train(PerceptualTask(), options, execution);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_FALSE(updates.empty());
  EXPECT_EQ(updates.front().done, 17);
  EXPECT_EQ(updates.front().metrics["accuracy"], result->accuracy_curve(0, 1));
  // The clock ticks once between its start and its pause, of which there is one
  // a step: 25 ticks for 25 steps, the 17 of the first attempt among them.
  EXPECT_DOUBLE_EQ(result->steps_per_second, 1);
}

}  // namespace
}  // namespace modbound
