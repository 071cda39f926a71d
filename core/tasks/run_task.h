#ifndef MODBOUND_CORE_TASKS_RUN_TASK_H_
#define MODBOUND_CORE_TASKS_RUN_TASK_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/activity_moments.h"
#include "core/network/intervention.h"
#include "core/network/network.h"
#include "core/tasks/score.h"
#include "core/tasks/task.h"

namespace modbound {

struct TaskRunOptions {
  int64_t trials = 100;  // K >= 1
  uint64_t seed = 0;
  RandomPurpose purpose = RandomPurpose::kSimulationTrials;
  // Trial k of the run is drawn from stream first_trial + k.
  int64_t first_trial = 0;
  // r_0: K x N, or 1 x N for every trial, or 0 x 0 for zeros.
  Matrix initial_states;
  // Clamps reach `inputs` and the variables made of them, not ground truth,
  // coherence and the noise-free means.
  Intervention intervention;
  // Fill the arrays with a row a step.
  bool record_steps = true;
  // Fill `judged_states` and `judgements`.
  bool record_judged = false;
  // Fill `moments`, for silent units.
  bool record_moments = false;
};

struct TaskRun {
  // K + 1: the rows that the trials begin at, then the number of all rows S.
  std::vector<int64_t> first_rows;
  // A row a step, trials one after another; empty unless record_steps.
  Matrix activity;                   // S x N
  Matrix inputs;                     // S x I
  Matrix outputs;                    // S x O
  Matrix variables;                  // S x V, columns as Task::variable_names
  std::vector<TrialOutcome> trials;  // K
  // How each trial was judged (K), and the states after the steps it was judged
  // at, trials one after another (J x N); when record_judged.
  std::vector<Judgement> judgements;
  Matrix judged_states;
  ActivityMoments moments;  // when record_moments
};

// Runs a network on fresh trials of a task, each from its initial state to its
// own last step.
// Random: trial k from (seed, purpose, first_trial + k), the same whatever
// `trials` is. Threads: blocks of trials in parallel; result independent of
// their number. Progress: steps of all trials. Errors: CONTRADICTION for "task"
// when the network's inputs or outputs are not the task's; those of
// IntervenedRun::Prepare; kCancelled; DIVERGED.
absl::StatusOr<TaskRun> RunTask(const Network& network,
                                const Task& task,
                                const TaskRunOptions& options,
                                const Execution& execution);

// Estimate of what RunTask holds for N units with and without record_steps,
// its result included; every trial as long as any. A double: absurd sizes pass
// what 64 bits hold.
double RunTaskBytes(const Task& task,
                    int64_t units,
                    int64_t trials,
                    bool record_steps,
                    int threads = 1);

// The same of what record_judged adds.
double JudgedBytes(const Task& task, int64_t units, int64_t trials);

// CONTRADICTION for `field` unless the task has these inputs and outputs.
absl::Status CheckTaskFits(const Task& task,
                           int64_t inputs,
                           int64_t outputs,
                           std::string_view field = "task");

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_RUN_TASK_H_
