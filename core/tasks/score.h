#ifndef MODBOUND_CORE_TASKS_SCORE_H_
#define MODBOUND_CORE_TASKS_SCORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/matrix.h"
#include "core/tasks/task.h"

namespace modbound {

// What a network did in one trial.
struct TrialOutcome {
  int32_t ground_truth = 0;
  double coherence = 0;  // percent; 0 for tasks without
  int32_t choice = 0;    // argmax of the outputs at the last step
  bool correct = false;  // see Judgement
  int32_t task = 0;      // which of the tasks
  // Zero coherence in a task with coherences: right by luck alone.
  bool coin_toss = false;
};

// Accuracies; unset where no trial counts.
struct Accuracy {
  // Trials of non-zero coherence, and all trials of tasks without coherences.
  std::optional<double> accuracy;
  std::optional<double> accuracy_all;
  std::optional<double> accuracy_zero;  // trials of zero coherence
};

// Index of the largest value, ties to the lower index. values: at least one.
int32_t Choice(const Eigen::Ref<const Eigen::RowVectorXd>& values);

Accuracy ScoreTrials(const std::vector<TrialOutcome>& trials);

// Signed coherences of a task, ascending: +c for stimulus 1 (ground truth 0),
// -c for stimulus 2, one row for 0. Each distinct coherence once.
std::vector<double> SignedCoherences(const std::vector<double>& coherences);

// One row a signed coherence: signed coherence, fraction of trials whose choice
// is output 1 (NaN without trials), trials. conditions x 3.
Matrix Psychometric(const std::vector<TrialOutcome>& trials,
                    const std::vector<double>& coherences);

// The curves of all tasks that have coherences and two choices, one after
// another in the order of the tasks; and their number of rows. A choice of
// another task's output counts as not choosing output 1. conditions x 3.
Matrix PsychometricOfTasks(const Task& task,
                           const std::vector<TrialOutcome>& trials);
int64_t PsychometricRows(const Task& task);
// Of task i alone.
int64_t PsychometricRows(const Task& task, int64_t i);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_SCORE_H_
