#ifndef MODBOUND_CORE_TRAINING_TRAINING_RECORD_H_
#define MODBOUND_CORE_TRAINING_TRAINING_RECORD_H_

#include <cstdint>
#include <vector>

#include "core/base/saved_state.h"
#include "core/training/snapshots.h"
#include "core/training/train_options.h"

namespace modbound {

struct Evaluation {
  int64_t step = 0;
  double accuracy = 0;  // NaN when no trial counts
};

// What training has seen so far.
struct TrainingRecord {
  int64_t steps = 0;
  double seconds = 0;  // of the step loop
  std::vector<double> loss;
  std::vector<double> penalty;          // empty without regularisation
  std::vector<Evaluation> evaluations;  // AddEvaluation alone adds to them
  double best_accuracy = -1;            // of the evaluations; -1 before any
  int64_t since_best = 0;               // evaluations after the best one
  Snapshots snapshots;  // with that of step 0; empty when none are taken
};

// How many there are when training does `steps` steps; `every` >= 1.
int64_t EvaluationCount(int64_t every, int64_t steps);

void AddEvaluation(const Evaluation& evaluation, TrainingRecord& record);

// Whether the last `patience` evaluations brought no new best accuracy; false
// for a patience of 0.
bool HasStalled(const TrainingRecord& record, int64_t patience);

// For a checkpoint. Load: false, and nothing changed, when `state` does not
// hold a record of training under `options` that still has steps to do.
void SaveRecord(const TrainingRecord& record, StateWriter& state);
bool LoadRecord(const TrainOptions& options,
                StateReader& state,
                TrainingRecord& record);
int64_t RecordBytes(const TrainingRecord& record);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_TRAINING_RECORD_H_
