#ifndef MODBOUND_CORE_LESIONS_OUTPUT_LESION_H_
#define MODBOUND_CORE_LESIONS_OUTPUT_LESION_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/network/network.h"
#include "core/tasks/judgement.h"
#include "core/tasks/task.h"

namespace modbound {

// Ends of K trials: all that a readout lesion needs, since activity does not
// depend on the readout.
struct TrialEnds {
  // After each step that a trial is judged at, of most trials the last alone;
  // trials one after another: J x N.
  Matrix states;
  // K: trial type in [0, trial_types); -1 = the trial does not count.
  std::vector<int32_t> types;
  std::vector<Judgement> judgements;  // K; their steps are J in all
};

// The trials of a repeat.
using TrialSource = std::function<absl::StatusOr<TrialEnds>(
    int64_t repeat, const Execution& execution)>;

// Fresh trials of a task for each repeat: repeat r takes trials r K ... of
// (seed, kLesionTrials). The type is the ground truth; trials of zero coherence
// do not count, the right choice being a coin toss. Network and task must
// outlive the source. Errors: those of RunTask.
TrialSource TrialsOfTask(const Network& network,
                         const Task& task,
                         int64_t trials,
                         uint64_t seed);

// Ends of given trials: inputs T K x I, row t K + k; state 0 before the first
// step; ground_truth (K, 0 or 1) is the type, and the target is ground_truth +
// 1 for a network of three outputs, ground_truth for two. Errors: WRONG_SHAPE
// for "input_sequence" (I) or "ground_truth" (K); OUT_OF_RANGE for
// "ground_truth"; CONTRADICTION for "input_sequence" when the network has
// neither two nor three outputs; kCancelled; DIVERGED.
absl::StatusOr<TrialEnds> EndsOfSequence(
    const Network& network,
    const Matrix& inputs,
    const std::vector<int32_t>& ground_truth,
    const Execution& execution);

// Choice at each state (argmax of the outputs, ties to the lower index) with
// the readout weights of `units` at 0 and b_out kept: J. Errors: kCancelled.
absl::StatusOr<std::vector<int32_t>> ChoicesWithout(
    const Network& network,
    const Matrix& states,
    const std::vector<int64_t>& units,
    const Execution& execution);

struct OutputLesionOptions {
  int64_t repeats = 20;     // R >= 1
  int64_t trial_types = 2;  // >= 2
  // Labels to lesion, each one in the labels and once; -1, any number of times,
  // for a row of NaN; empty = all of them.
  std::vector<int32_t> modules;
  int64_t controls = 100;  // random unit sets a module, >= 0
  uint64_t seed = 0;       // of the control sets
};

// Accuracy = fraction right among the trials of a type that count; NaN where a
// repeat has none, and then left out of means and tests.
struct OutputLesion {
  std::vector<int32_t> modules;  // M labels, as asked or rising
  std::vector<int64_t> sizes;    // their units; 0 for -1
  Matrix intact_accuracy;        // types x R
  Matrix accuracy;               // M types x R, row module * types + type
  // M x types: mean over control sets and repeats; 0 x 0 without controls.
  Matrix control_accuracy;
  // Student's t over repeats; NaN where no test can be had or neither sample
  // varies.
  Vector t;         // M: type 0 against type 1 under the lesion
  Vector p;         // M
  Matrix t_change;  // M x types: under the lesion against intact
  Matrix p_change;
  std::vector<bool> zero_variance;  // M: neither sample of t varies
};

// Zeroes the readout of one module at a time. Control sets have the module's
// size and are drawn from the labelled units without replacement; set c of the
// module labelled m comes from (seed, kControlUnits, m controls + c) and is the
// same in every repeat.
// Cost: (1 + controls) M K N O a repeat, over lesions in parallel. Errors:
// WRONG_SHAPE or BAD_LABELS for "labels"; DEGENERATE when no unit is labelled;
// CONTRADICTION for "modules" (not a label, named twice); those of the source;
// kCancelled.
absl::StatusOr<OutputLesion> ComputeOutputLesion(
    const Network& network,
    const Labels& labels,
    const TrialSource& trials,
    const OutputLesionOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_LESIONS_OUTPUT_LESION_H_
