#ifndef MODBOUND_CORE_TASKS_SCORE_H_
#define MODBOUND_CORE_TASKS_SCORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/matrix.h"

namespace modbound {

// What a network did in one trial.
struct TrialOutcome {
  int32_t ground_truth = 0;
  double coherence = 0;  // percent; 0 for tasks without
  int32_t choice = 0;    // argmax of the outputs at the last decision step
  bool correct = false;  // choice = the target at that step
};

// Accuracies; unset where no trial counts.
struct Accuracy {
  // Trials of non-zero coherence; all trials of a task without coherences.
  std::optional<double> accuracy;
  std::optional<double> accuracy_all;
  std::optional<double> accuracy_zero;  // trials of zero coherence
};

// Index of the largest value, ties to the lower index. values: at least one.
int32_t Choice(const Eigen::Ref<const Eigen::RowVectorXd>& values);

Accuracy ScoreTrials(const std::vector<TrialOutcome>& trials,
                     bool has_coherences);

// Signed coherences of a task, ascending: +c for stimulus 1 (ground truth 0),
// -c for stimulus 2, one row for 0. Each distinct coherence once.
std::vector<double> SignedCoherences(const std::vector<double>& coherences);

// One row a signed coherence: signed coherence, fraction of trials whose choice
// is output 1 (NaN without trials), trials. conditions x 3.
Matrix Psychometric(const std::vector<TrialOutcome>& trials,
                    const std::vector<double>& coherences);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_SCORE_H_
