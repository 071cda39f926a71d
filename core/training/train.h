#ifndef MODBOUND_CORE_TRAINING_TRAIN_H_
#define MODBOUND_CORE_TRAINING_TRAIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/tasks/score.h"
#include "core/tasks/task.h"
#include "core/training/snapshots.h"
#include "core/training/train_options.h"

namespace modbound {

enum class TrainStopReason { kTargetReached, kMaxSteps, kEarlyStop, kDiverged };

struct TrainResult {
  // kAborted DIVERGED when the loss, the penalty, a weight or the activity of
  // an evaluation is no longer finite, with the step; else OK. What diverged is
  // not in this result: `network` is what the last finite loss was measured
  // with, curves and snapshots are of the steps and evaluations before;
  // psychometric, accuracy_all, accuracy_zero and silent_units are left out.
  absl::Status failure;
  Network network;           // float32 training: every number is a float
  Network initial;           // before the first step
  std::vector<double> loss;  // of each step, before its update, nats
  // The same of the regularisation; empty without.
  std::vector<double> penalty;
  Matrix accuracy_curve;  // evaluations x 2: step, accuracy
  // See Psychometric; of the last evaluation.
  Matrix psychometric;
  Snapshots snapshots;  // empty when none are asked for
  Accuracy accuracy;    // of the last evaluation
  int64_t steps = 0;
  TrainStopReason stop_reason = TrainStopReason::kMaxSteps;
  // Of the step loop alone: trials, forward, backward, optimiser.
  double steps_per_second = 0;  // 0 without a clock
  // Constant units over the last evaluation: sd <= 1e-9 of the largest
  // |activity|.
  int64_t silent_units = 0;
};

// Trains a network on a task: mean cross-entropy over steps and streams and the
// regularisation, full back-propagation through time, the optimiser; evaluated
// every eval_every steps and after the last one on eval_trials fresh trials;
// stops at target_accuracy, and when patience is at its end. The last weights
// are the result, whatever ended it. Random: initial weights (seed,
// kInitialWeights, array), stream b's j-th trial (seed, kTrainingTrials, j B +
// b), evaluation e's trial i (seed, kEvaluationTrials, e eval_trials + i).
// Threads: one, plus those of the evaluation; result independent of their
// number. Errors: those of CheckTrainOptions; kCancelled. Training that
// diverges has a result: TrainResult::failure.
absl::StatusOr<TrainResult> Train(const Task& task,
                                  const TrainOptions& options,
                                  const Execution& execution);

// Estimate of the bytes that Train holds, its result included, the arrays in
// `options` not.
double TrainBytes(const Task& task, const TrainOptions& options);

// Of these, what a step's sequence and weights need: the buffers of the
// back-propagation, the batch, and parameters, gradient and what the optimiser
// carries.
double TrainStepBytes(const Task& task, const TrainOptions& options);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_TRAIN_H_
