#include <algorithm>

#include "core/tasks/run_task.h"
#include "core/training/backprop.h"
#include "core/training/train.h"
#include "core/training/training_record.h"

namespace modbound {
namespace {

double ScalarBytes(const TrainOptions& options) {
  return options.precision == Precision::kFloat64 ? 8 : 4;
}

double ParametersOf(const Task& task, const TrainOptions& options) {
  double parameters = 0;
  for (const auto& [rows, cols] :
       NetworkArrayShapes(options.units, task.inputs(), task.outputs())) {
    parameters += static_cast<double>(rows) * static_cast<double>(cols);
  }
  return parameters;
}

// Costs of the connections, and the distances that they are made from.
double CostBytes(const TrainOptions& options) {
  if (options.regularization.spatial_cost <= 0) {
    return 0;
  }
  const auto N = static_cast<double>(options.units);
  return N * N * (8 + ScalarBytes(options));
}

double SnapshotBytes(const Task& task, const TrainOptions& options) {
  if (options.snapshot_every <= 0) {
    return 0;
  }
  return static_cast<double>(
             SnapshotCount(options.snapshot_every, options.max_steps)) *
         (ParametersOf(task, options) * ScalarBytes(options) + 8);
}

double BatchBytes(const Task& task, const TrainOptions& options) {
  return static_cast<double>(options.seq_len) *
         static_cast<double>(options.batch_size) *
         (static_cast<double>(task.inputs()) * ScalarBytes(options) + 4);
}

}  // namespace

double TrainStepBytes(const Task& task, const TrainOptions& options) {
  const auto backprop_bytes = options.precision == Precision::kFloat64
                                  ? Backprop<double>::Bytes
                                  : Backprop<float>::Bytes;
  const auto copies =
      static_cast<double>(2 + OptimizerStates(options.optimizer));
  return backprop_bytes(options.units,
                        task.inputs(),
                        task.outputs(),
                        options.seq_len,
                        options.batch_size) +
         BatchBytes(task, options) +
         copies * ScalarBytes(options) * ParametersOf(task, options);
}

double TrainBytes(const Task& task, const TrainOptions& options) {
  const double parameters = ParametersOf(task, options);
  const auto I = static_cast<double>(task.inputs());
  const double curves = 8 * static_cast<double>(options.max_steps) *
                            (options.regularization.any() ? 2 : 1) +
                        16 * static_cast<double>(EvaluationCount(
                                 options.eval_every, options.max_steps));
  const double trials = static_cast<double>(options.batch_size) *
                        static_cast<double>(task.max_steps()) * (16 * I + 4);
  const double scalar = ScalarBytes(options);
  // And the weights of the step before.
  const double step = TrainStepBytes(task, options) + scalar * parameters;
  const auto backprop_bytes = options.precision == Precision::kFloat64
                                  ? Backprop<double>::KeptBytes
                                  : Backprop<float>::KeptBytes;
  const double kept =
      backprop_bytes(options.units, task.inputs(), task.outputs()) +
      BatchBytes(task, options);
  const double carried =
      scalar * parameters *
      static_cast<double>(2 + OptimizerStates(options.optimizer));
  // An evaluation has the network as doubles in the room of the step's buffers
  // and gradient.
  const double evaluation =
      kept + carried + parameters * 8 +
      RunTaskBytes(task, options.units, options.eval_trials, false);
  // In the same room a checkpoint is made, or read.
  const double checkpoint = kept + 2 * carried + curves;
  // In the end the two networks as doubles, one more as it was or leaves, and
  // the curves as they leave.
  const double result = kept + parameters * (16 + scalar) + curves;
  // Snapshots twice: with a checkpoint, or with what leaves.
  return std::max({step, evaluation, checkpoint, result}) + trials + curves +
         CostBytes(options) + 2 * SnapshotBytes(task, options);
}

}  // namespace modbound
