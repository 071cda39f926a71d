#include "core/training/training_record.h"

#include <string>
#include <utility>

namespace modbound {

int64_t EvaluationCount(int64_t every, int64_t steps) {
  return steps / every + (steps % every != 0 ? 1 : 0);
}

void AddEvaluation(const Evaluation& evaluation, TrainingRecord& record) {
  record.evaluations.push_back(evaluation);
  ++record.since_best;
  if (evaluation.accuracy > record.best_accuracy) {
    record.best_accuracy = evaluation.accuracy;
    record.since_best = 0;
  }
}

bool HasStalled(const TrainingRecord& record, int64_t patience) {
  return patience > 0 && record.since_best >= patience;
}

void SaveRecord(const TrainingRecord& record, StateWriter& state) {
  state.AddInt(record.steps);
  state.AddInt(static_cast<int64_t>(record.evaluations.size()));
  state.AddDouble(record.seconds);
  state.Add(record.loss.data(), static_cast<int64_t>(record.loss.size()));
  for (const Evaluation& evaluation : record.evaluations) {
    state.AddDouble(static_cast<double>(evaluation.step));
    state.AddDouble(evaluation.accuracy);
  }
  state.Add(record.penalty.data(), static_cast<int64_t>(record.penalty.size()));
  SaveSnapshots(record.snapshots, state);
}

bool LoadRecord(const TrainOptions& options,
                StateReader& state,
                TrainingRecord& record) {
  TrainingRecord loaded;
  int64_t evaluations = 0;
  if (!state.ReadInt(loaded.steps) || !state.ReadInt(evaluations) ||
      !state.ReadDouble(loaded.seconds) || loaded.steps < 1 ||
      loaded.steps >= options.max_steps ||
      evaluations != loaded.steps / options.eval_every) {
    return false;
  }
  const auto steps = static_cast<std::size_t>(loaded.steps);
  loaded.loss.resize(steps);
  bool held = state.Read(loaded.loss.data(), loaded.steps);
  loaded.evaluations.reserve(static_cast<std::size_t>(evaluations));
  for (int64_t e = 0; e < evaluations; ++e) {
    double step = 0;
    double accuracy = 0;
    held = held && state.ReadDouble(step) && state.ReadDouble(accuracy);
    AddEvaluation({static_cast<int64_t>(step), accuracy}, loaded);
  }
  if (options.regularization.any()) {
    loaded.penalty.resize(steps);
    held = held && state.Read(loaded.penalty.data(), loaded.steps);
  }
  if (options.snapshot_every > 0) {
    loaded.snapshots = record.snapshots;
    held = held && LoadSnapshots(loaded.steps / options.snapshot_every + 1,
                                 state,
                                 loaded.snapshots);
  }
  if (held) {
    record = std::move(loaded);
  }
  return held;
}

int64_t RecordBytes(const TrainingRecord& record) {
  std::size_t bytes = 24 + 8 * record.loss.size() + 8 * record.penalty.size() +
                      16 * record.evaluations.size() +
                      8 * record.snapshots.steps.size();
  for (const std::string& array : record.snapshots.arrays) {
    bytes += array.size();
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace modbound
