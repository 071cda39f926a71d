// Train with what it does not do unless asked.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/training/short_training.h"
#include "core/training/train.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

std::vector<OptimizerOptions> EveryOptimizer() {
  OptimizerOptions adamw;
  adamw.name = OptimizerName::kAdamW;
  adamw.weight_decay = 0.1;
  OptimizerOptions sgd;
  sgd.name = OptimizerName::kSgd;
  OptimizerOptions nesterov = sgd;
  nesterov.nesterov = true;
  OptimizerOptions plain = sgd;
  plain.momentum = 0;
  return {OptimizerOptions(), adamw, sgd, nesterov, plain};
}

// Every other weight of each array at 0.
void AddMasks(const Task& task, TrainOptions& options) {
  const auto shapes =
      NetworkArrayShapes(options.units, task.inputs(), task.outputs());
  for (const std::size_t k : {0, 2, 4}) {
    options.masks[k] = Matrix::Ones(shapes[k][0], shapes[k][1]);
    for (int64_t i = 0; i < options.masks[k].size(); i += 2) {
      options.masks[k].data()[i] = 0;
    }
  }
}

void AddRegularization(TrainOptions& options) {
  options.regularization.l2 = 1e-3;
  options.regularization.rates = {1e-3, 1e-2};
  options.regularization.connection_cost = 1e-4;
  options.regularization.spatial_cost = 1e-4;
}

// Everything at once.
TrainOptions EveryOption() {
  TrainOptions options = ShortOptions();
  options.schedule = {.shape = LearningRateSchedule::Shape::kCosine,
                      .warmup_steps = 5,
                      .decay_steps = 20,
                      .factor = 0.1};
  AddRegularization(options);
  AddMasks(PerceptualTask(), options);
  options.frozen[5] = true;
  options.patience = 2;
  options.snapshot_every = 4;
  return options;
}

NetworkArrays ArraysOf(const Network& network) {
  return {network.w_in,
          network.b_in,
          network.w_rec,
          network.b_rec,
          network.w_out,
          network.b_out};
}

// Everything that a result holds.
std::string AllBytesOf(const TrainResult& result) {
  std::string bytes;
  for (const Network* network : {&result.network, &result.initial}) {
    for (const Matrix& array : ArraysOf(*network)) {
      AppendBytes(array, bytes);
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
  bytes.push_back(static_cast<char>(result.stop_reason));
  return bytes;
}

TEST(TrainOptimizer, EachReachesTheTarget) {
  for (const OptimizerOptions& optimizer : EveryOptimizer()) {
    TrainOptions options;
    options.optimizer = optimizer;
    options.units = 64;
    options.max_steps = 3000;
    const auto result = Train(PerceptualTask(), options, {});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->stop_reason, TrainStopReason::kTargetReached)
        << static_cast<int>(optimizer.name) << " " << optimizer.momentum;
  }
}

TEST(TrainSchedule, ARateThatFallsToNothingEndsLearning) {
  TrainOptions options = ShortOptions();
  options.schedule = {.shape = LearningRateSchedule::Shape::kCosine,
                      .decay_steps = 10,
                      .factor = 0};
  options.snapshot_every = 1;
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const std::string& w_rec = result->snapshots.arrays[2];
  const std::size_t bytes = w_rec.size() / result->snapshots.steps.size();
  const auto snapshot = [&](std::size_t s) {
    return w_rec.substr(s * bytes, bytes);
  };
  EXPECT_NE(snapshot(9), snapshot(10));
  // The step from 10 on has the rate 0.
  EXPECT_EQ(snapshot(10), snapshot(11));
  EXPECT_EQ(snapshot(10), snapshot(25));
}

TEST(TrainMasks, HoldUnderEveryOptimizerAndDecay) {
  for (const OptimizerOptions& optimizer : EveryOptimizer()) {
    for (const Precision precision :
         {Precision::kFloat32, Precision::kFloat64}) {
      TrainOptions options = ShortOptions();
      options.optimizer = optimizer;
      options.precision = precision;
      AddMasks(PerceptualTask(), options);
      AddRegularization(options);
      const auto result = Train(PerceptualTask(), options, {});
      ASSERT_TRUE(result.ok()) << result.status();
      for (const Network* network : {&result->network, &result->initial}) {
        const NetworkArrays arrays = ArraysOf(*network);
        for (const std::size_t k : {0, 2, 4}) {
          for (int64_t i = 0; i < arrays[k].size(); ++i) {
            const double weight = arrays[k].data()[i];
            EXPECT_EQ(weight == 0, i % 2 == 0);
            EXPECT_FALSE(weight == 0 && std::signbit(weight));
          }
        }
      }
    }
  }
}

TEST(TrainFrozen, ArraysKeepTheirBytes) {
  for (const OptimizerOptions& optimizer : EveryOptimizer()) {
    for (std::size_t frozen = 0; frozen < kNetworkArrays; ++frozen) {
      TrainOptions options = ShortOptions();
      options.optimizer = optimizer;
      AddRegularization(options);
      options.frozen[frozen] = true;
      const auto result = Train(PerceptualTask(), options, {});
      ASSERT_TRUE(result.ok()) << result.status();
      const NetworkArrays before = ArraysOf(result->initial);
      const NetworkArrays after = ArraysOf(result->network);
      for (std::size_t k = 0; k < kNetworkArrays; ++k) {
        EXPECT_EQ(before[k] == after[k], k == frozen)
            << kNetworkArrayNames[k] << " with frozen "
            << kNetworkArrayNames[frozen];
      }
    }
  }
}

TEST(TrainInitial, GivenArraysStartAndTheOthersAreDrawnAsWithout) {
  const auto drawn = Train(PerceptualTask(), ShortOptions(), {});
  ASSERT_TRUE(drawn.ok());
  TrainOptions options = ShortOptions();
  options.initial[2] = Matrix::Constant(12, 12, 0.015625);
  options.initial[5] = Matrix::Constant(3, 1, -0.5);
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const NetworkArrays given = ArraysOf(result->initial);
  const NetworkArrays without = ArraysOf(drawn->initial);
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    EXPECT_EQ(given[k], k == 2 || k == 5 ? options.initial[k] : without[k]);
  }
  EXPECT_NE(result->loss.front(), drawn->loss.front());
  // Given what would have been drawn, nothing changes.
  TrainOptions same = ShortOptions();
  same.initial = without;
  const auto again = Train(PerceptualTask(), same, {});
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(AllBytesOf(*again) == AllBytesOf(*drawn));
}

TEST(TrainRegularization, LeavesTheFirstLossAndLowersWhatItCosts) {
  TrainOptions options = ShortOptions();
  options.max_steps = 200;
  options.eval_every = 200;
  const auto without = Train(PerceptualTask(), options, {});
  options.regularization.rates.l2 = 1;
  const auto calm = Train(PerceptualTask(), options, {});
  options.regularization.rates.l2 = 0;
  options.regularization.connection_cost = 0.01;
  const auto sparse = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(without.ok() && calm.ok() && sparse.ok());
  EXPECT_TRUE(without->penalty.empty());
  EXPECT_EQ(calm->penalty.size(), 200u);
  EXPECT_EQ(without->loss.front(), calm->loss.front());
  EXPECT_LT(calm->penalty.back(), 0.5 * calm->penalty.front());
  EXPECT_LT(sparse->network.w_rec.lpNorm<1>(),
            0.5 * without->network.w_rec.lpNorm<1>());
}

TEST(TrainRegularization, TellsWatchersOfItsPenalty) {
  ProgressUpdate last;
  Execution execution;
  execution.progress = [&](const ProgressUpdate& update) { last = update; };
  const auto result = Train(PerceptualTask(), EveryOption(), execution);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(last.metrics["penalty"], result->penalty.back());
  EXPECT_EQ(last.metrics["loss"], result->loss.back());
  EXPECT_EQ(last.metrics["accuracy"], *result->accuracy.accuracy);
  // u = 19 of 20.
  EXPECT_NEAR(last.metrics["learning_rate"],
              0.002 * (0.1 + 0.45 * (1 + std::cos(M_PI * 19 / 20))),
              1e-12);
  EXPECT_EQ(last.metrics["snapshots"], 7);  // the last one is not there yet
  int64_t points = 0;
  for (int64_t c = 0; c < result->psychometric.rows(); ++c) {
    if (result->psychometric(c, 2) > 0) {
      ++points;
    }
  }
  EXPECT_EQ(std::count_if(last.metrics.begin(),
                          last.metrics.end(),
                          [](const auto& metric) {
                            return metric.first.rfind("psychometric/", 0) == 0;
                          }),
            points);
  EXPECT_EQ(last.metrics["psychometric/-51.2"], result->psychometric(0, 1));
}

// The curve of the second task lies below that of the first in the result.
TEST(TrainSeveralTasks, TellsWatchersThePointsOfEach) {
  TaskSpec full = *DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING");
  full.coherences = {100};
  const Task task = Task::Combine({PerceptualTask(), *Task::Make(full, 100)});
  ProgressUpdate last;
  Execution execution;
  execution.progress = [&](const ProgressUpdate& update) { last = update; };
  TrainOptions options = ShortOptions();
  options.eval_trials = 200;
  const auto result = Train(task, options, execution);
  ASSERT_TRUE(result.ok()) << result.status();
  const int64_t rows = PsychometricRows(task, 0);
  ASSERT_EQ(result->psychometric.rows(), rows + 2);
  for (int64_t row = 0; row < rows + 2; ++row) {
    if (result->psychometric(row, 2) > 0) {
      EXPECT_EQ(last.metrics.at(absl::StrCat("psychometric/",
                                             row < rows ? 0 : 1,
                                             "/",
                                             result->psychometric(row, 0))),
                result->psychometric(row, 1));
    }
  }
  EXPECT_EQ(last.metrics.count("psychometric/1/-100"), 1);
  EXPECT_EQ(last.metrics.count("psychometric/0/-100"), 0);
  EXPECT_EQ(last.metrics.count("psychometric/-51.2"), 0);
}

TEST(TrainPatience, StopsWithTheLastWeights) {
  TrainOptions options = ShortOptions();
  options.max_steps = 1000;
  options.patience = 3;
  // Learns nothing: no evaluation is better than the best but by chance.
  options.learning_rate = 1e-12;
  const auto result = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop_reason, TrainStopReason::kEarlyStop);
  EXPECT_LT(result->steps, 1000);
  const Vector accuracy = result->accuracy_curve.col(1);
  EXPECT_LE(accuracy.tail(3).maxCoeff(), accuracy.maxCoeff());
  EXPECT_EQ(accuracy.head(accuracy.size() - 3).maxCoeff(), accuracy.maxCoeff());
  options.max_steps = result->steps;
  options.patience = 0;
  const auto same = Train(PerceptualTask(), options, {});
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->stop_reason, TrainStopReason::kMaxSteps);
  EXPECT_EQ(same->network.w_rec, result->network.w_rec);
}

TEST(TrainSnapshots, AreTheNetworkOfTheirSteps) {
  for (const Precision precision : {Precision::kFloat32, Precision::kFloat64}) {
    TrainOptions options = ShortOptions();
    options.precision = precision;
    options.snapshot_every = 10;
    const auto result = Train(PerceptualTask(), options, {});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->snapshots.steps, (std::vector<int64_t>{0, 10, 20, 25}));
    options.snapshot_every = 0;
    const auto shapes = NetworkArrayShapes(12, 3, 3);
    for (std::size_t s = 0; s < 4; ++s) {
      options.max_steps = std::max<int64_t>(result->snapshots.steps[s], 1);
      const auto then = Train(PerceptualTask(), options, {});
      ASSERT_TRUE(then.ok());
      const NetworkArrays expected =
          ArraysOf(s == 0 ? then->initial : then->network);
      for (std::size_t k = 0; k < kNetworkArrays; ++k) {
        const auto size = static_cast<std::size_t>(shapes[k][0] * shapes[k][1]);
        const std::size_t width = precision == Precision::kFloat64 ? 8 : 4;
        const char* const bytes =
            result->snapshots.arrays[k].data() + s * size * width;
        ASSERT_EQ(result->snapshots.arrays[k].size(), 4 * size * width);
        for (std::size_t i = 0; i < size; ++i) {
          double number = 0;
          if (precision == Precision::kFloat64) {
            std::memcpy(&number, bytes + 8 * i, 8);
          } else {
            float narrow = 0;
            std::memcpy(&narrow, bytes + 4 * i, 4);
            number = narrow;
          }
          ASSERT_EQ(number, expected[k].data()[i]) << s << " " << k << " " << i;
        }
      }
    }
  }
}

TEST(TrainCheckpoint, HoldsEveryOptionOfEveryOptimizer) {
  for (const OptimizerOptions& optimizer : EveryOptimizer()) {
    TrainOptions options = EveryOption();
    options.optimizer = optimizer;
    ExpectGoesOn(
        [&](const Execution& execution) -> absl::StatusOr<std::string> {
          auto result = Train(PerceptualTask(), options, execution);
          if (!result.ok()) {
            return result.status();
          }
          return AllBytesOf(*result);
        },
        24);
  }
}

TEST(TrainCheckpoint, GoesOnToTheSameEarlyStop) {
  TrainOptions options = ShortOptions();
  options.max_steps = 400;
  options.learning_rate = 1e-12;
  options.patience = 2;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        auto result = Train(PerceptualTask(), options, execution);
        if (!result.ok()) {
          return result.status();
        }
        EXPECT_EQ(result->stop_reason, TrainStopReason::kEarlyStop);
        return AllBytesOf(*result);
      },
      20);
}

// The square of a weight on a channel that is always 0: no loss sees it.
TEST(TrainDivergence, OfThePenaltyIsNamed) {
  TrainOptions options = ShortOptions();
  options.precision = Precision::kFloat64;
  options.regularization.l2 = 1;
  // Channel 0 is 1 in the fixation period only, which takes no time.
  TaskSpec spec = *DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING");
  spec.fixation = Fixation::kPeriod;
  spec.fixation_ms = 0;
  const Task task = *Task::Make(spec, 100);
  options.initial[0] = Matrix::Constant(12, task.inputs(), 0.1);
  options.initial[0](0, 0) = 1e200;
  const auto result = Train(task, options, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(ReasonOf(result->failure), reason::kDiverged);
  EXPECT_EQ(std::string(result->failure.message()),
            "the penalty is no longer finite at step 0; last finite loss: "
            "none");
  // There was no step: what is kept is what it began with.
  EXPECT_EQ(result->steps, 0);
  EXPECT_EQ(result->network.w_in, options.initial[0]);
  EXPECT_TRUE(result->loss.empty());
}

// From any checkpoint: the weights before the last update are carried in it.
TEST(TrainDivergence, KeepsTheSameWhereverItWentOn) {
  TrainOptions options = ShortOptions();
  options.dynamics.activation = Activation::kLinear;
  options.recipe = Recipe::kReference;
  options.learning_rate = 0.7;
  options.regularization.l2 = 1e-6;
  options.seq_len = 100;
  options.max_steps = 1000;
  options.eval_every = 1;
  options.snapshot_every = 1;
  options.target_accuracy = 2;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto result = Train(PerceptualTask(), options, execution);
        if (!result.ok()) {
          return result.status();
        }
        EXPECT_EQ(ReasonOf(result->failure), reason::kDiverged);
        if (result->accuracy_curve.rows() == 0) {
          return absl::InternalError("it diverged before an evaluation");
        }
        EXPECT_EQ(result->accuracy.accuracy.value_or(-1),
                  result->accuracy_curve.bottomRightCorner(1, 1)(0, 0));
        // Not those of the weights that diverged.
        EXPECT_EQ(result->accuracy_curve.bottomRows(1)(0, 0),
                  result->steps - 1);
        EXPECT_EQ(result->snapshots.steps.back(), result->steps - 1);
        return absl::StrCat(AllBytesOf(*result),
                            result->failure.message(),
                            result->silent_units,
                            result->accuracy.accuracy_all.has_value());
      },
      2);
}

TEST(TrainDivergence, OfAPenaltyKeepsTheCheckpointBefore) {
  TrainOptions options = ShortOptions();
  options.max_steps = 2000;
  options.optimizer.name = OptimizerName::kSgd;
  options.learning_rate = 10;
  options.clip_norm = 1e30;
  options.regularization.l2 = 1e6;
  MemoryCheckpoint checkpoint;
  Execution execution;
  execution.checkpoint = &checkpoint;
  const auto result = Train(PerceptualTask(), options, execution);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(ReasonOf(result->failure), reason::kDiverged);
  EXPECT_THAT(
      std::string(result->failure.message()),
      testing::ContainsRegex("at step [0-9]+; last finite loss: [0-9]"));
  EXPECT_EQ(checkpoint.offered().count("training"), 1u);
}

TEST(TrainOptions, ThatDoNotFitAreRefused) {
  const auto field_of = [](const TrainOptions& options) {
    const auto result = Train(PerceptualTask(), options, {});
    return FieldOf(result.status()) + " " + ReasonOf(result.status());
  };
  TrainOptions options = ShortOptions();
  options.masks[2] = Matrix::Ones(12, 11);
  EXPECT_EQ(field_of(options), "mask/w_rec WRONG_SHAPE");
  options.masks[2] = Matrix::Constant(12, 12, 0.5);
  EXPECT_EQ(field_of(options), "mask/w_rec NOT_BINARY");
  options = ShortOptions();
  options.initial[1] = Matrix::Ones(11, 1);
  EXPECT_EQ(field_of(options), "initial/b_in WRONG_SHAPE");
  options = ShortOptions();
  options.regularization.positions = Matrix::Ones(12, 2);
  EXPECT_EQ(field_of(options), "positions WRONG_SHAPE");
  options = ShortOptions();
  options.regularization.distances = Matrix::Ones(1, 12);
  EXPECT_EQ(field_of(options), "distances WRONG_SHAPE");
  options = ShortOptions();
  options.frozen.fill(true);
  EXPECT_EQ(field_of(options), "frozen CONTRADICTION");
}

}  // namespace
}  // namespace modbound
