#ifndef MODBOUND_CORE_TRAINING_TRAIN_OPTIONS_H_
#define MODBOUND_CORE_TRAINING_TRAIN_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "core/network/network.h"
#include "core/tasks/task.h"
#include "core/training/learning_rate.h"
#include "core/training/optimizer.h"
#include "core/training/parameters.h"
#include "core/training/recipe.h"
#include "core/training/regularization.h"
#include "core/training/trainable.h"

namespace modbound {

enum class Precision { kFloat32, kFloat64 };

struct TrainOptions {
  int64_t units = 100;  // >= 1
  Dynamics dynamics;
  Recipe recipe = Recipe::kDefault;
  OptimizerOptions optimizer;
  // Unset: see DefaultLearningRate.
  std::optional<double> learning_rate;  // > 0
  LearningRateSchedule schedule;
  // Unset: the recipe's. Of the gradient of loss and penalty, where it may
  // change something.
  std::optional<double> clip_norm;  // > 0
  Regularization regularization;
  SharedInitial shared_initial;
  // Instead of what the recipe draws for these arrays; the others are drawn as
  // without.
  NetworkArrays initial;
  // 0 and 1, of w_in, w_rec, w_out: weights at 0 start as 0 and stay so.
  NetworkArrays masks;
  ArraySet frozen{};              // stay as they began
  int64_t batch_size = 16;        // >= 1
  int64_t seq_len = 100;          // >= 1
  int64_t max_steps = 10000;      // >= 1
  double target_accuracy = 0.95;  // in (0, 1]
  int64_t eval_every = 100;       // >= 1
  int64_t eval_trials = 1000;     // >= 1
  // Evaluations without a new best accuracy before training stops; 0 = never.
  int64_t patience = 0;
  int64_t snapshot_every = 0;  // steps; 0 = no snapshots
  uint64_t seed = 0;
  Precision precision = Precision::kFloat32;
  // Reads a clock, in seconds, for steps_per_second alone; may be empty.
  std::function<double()> seconds;
};

// kAdam and kAdamW: the recipe's. kSgd, which does not scale its steps by the
// gradient's size: 0.05.
double DefaultLearningRate(OptimizerName optimizer, Recipe recipe);

// Refuses options that do not fit each other or the task. Errors: those of
// Dynamics::Validate and CheckTrainable; WRONG_SHAPE for "initial/NAME",
// "mask/NAME", "distances", "positions"; NOT_BINARY for "mask/NAME";
// CONTRADICTION for "frozen" when nothing is left to train.
absl::Status CheckTrainOptions(const Task& task, const TrainOptions& options);

// OUT_OF_RANGE for "task.coherences", or "tasks[i].coherences" of several, when
// a task with coherences has none above 0: nothing could count for `accuracy`.
absl::Status CheckTrainable(const Task& task);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_TRAIN_OPTIONS_H_
