#ifndef MODBOUND_CORE_TRAINING_TRAIN_H_
#define MODBOUND_CORE_TRAINING_TRAIN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/tasks/score.h"
#include "core/tasks/task.h"
#include "core/training/adam.h"
#include "core/training/recipe.h"

namespace modbound {

enum class Precision { kFloat32, kFloat64 };
enum class TrainStopReason { kTargetReached, kMaxSteps };

struct TrainOptions {
  int64_t units = 100;  // >= 1
  Dynamics dynamics;
  Recipe recipe = Recipe::kDefault;
  // Unset: the recipe's.
  std::optional<double> learning_rate;  // > 0
  std::optional<double> clip_norm;      // > 0
  double beta1 = 0.9;                   // in [0, 1)
  double beta2 = 0.999;                 // in [0, 1)
  double epsilon = 1e-8;                // > 0
  int64_t batch_size = 16;              // >= 1
  int64_t seq_len = 100;                // >= 1
  int64_t max_steps = 10000;            // >= 1
  double target_accuracy = 0.95;        // in (0, 1]
  int64_t eval_every = 100;             // >= 1
  int64_t eval_trials = 1000;           // >= 1
  uint64_t seed = 0;
  Precision precision = Precision::kFloat32;
  // Reads a clock, in seconds, for steps_per_second alone; may be empty.
  std::function<double()> seconds;
};

struct TrainResult {
  Network network;           // float32 training: every number is a float
  Network initial;           // before the first step
  std::vector<double> loss;  // of each step, before its update, nats
  Matrix accuracy_curve;     // evaluations x 2: step, accuracy
  Matrix psychometric;       // see Psychometric; of the last evaluation
  Accuracy accuracy;         // of the last evaluation
  int64_t steps = 0;
  TrainStopReason stop_reason = TrainStopReason::kMaxSteps;
  // Of the step loop alone: trials, forward, backward, optimiser.
  double steps_per_second = 0;  // 0 without a clock
  // Constant units over the last evaluation: sd <= 1e-9 of the largest
  // |activity|.
  int64_t silent_units = 0;
};

// Trains a network on a task: mean cross-entropy over steps and streams, full
// back-propagation through time, Adam; evaluated every eval_every steps and
// after the last one on eval_trials fresh trials; stops at target_accuracy.
// Random: initial weights (seed, kInitialWeights, array), stream b's j-th trial
// (seed, kTrainingTrials, j B + b), evaluation e's trial i (seed,
// kEvaluationTrials, e eval_trials + i). Threads: one, plus those of the
// evaluation; result independent of their number. Errors: those of
// Dynamics::Validate; OUT_OF_RANGE for "task.coherences" when only 0 is among
// them; kAborted DIVERGED when the loss or a weight is no longer finite;
// kCancelled.
absl::StatusOr<TrainResult> Train(const Task& task,
                                  const TrainOptions& options,
                                  const Execution& execution);

// OUT_OF_RANGE for "task.coherences", or "tasks[i].coherences" of several, when
// a task with coherences has none above 0: nothing could count for `accuracy`.
absl::Status CheckTrainable(const Task& task);

// Estimate of the bytes that Train holds, its result included.
double TrainBytes(const Task& task, const TrainOptions& options);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_TRAIN_H_
