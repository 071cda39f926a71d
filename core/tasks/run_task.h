#ifndef MODBOUND_CORE_TASKS_RUN_TASK_H_
#define MODBOUND_CORE_TASKS_RUN_TASK_H_

#include <cstdint>
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
  // Fill `final_states`.
  bool record_final_states = true;
  // Fill `moments`, for silent units.
  bool record_moments = false;
};

struct TaskRun {
  // A row a step, row k T + t; empty unless record_steps.
  Matrix activity;   // K T x N
  Matrix inputs;     // K T x I
  Matrix outputs;    // K T x O
  Matrix variables;  // K T x V, columns as Task::variable_names
  // A row a trial.
  Matrix final_states;  // K x N, after the last step; when asked for
  std::vector<TrialOutcome> trials;  // K
  ActivityMoments moments;           // when record_moments
};

// Runs a network on fresh trials of a task, each from its initial state.
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
// its result included. A double: absurd sizes pass what 64 bits hold.
double RunTaskBytes(const Task& task,
                    int64_t units,
                    int64_t trials,
                    bool record_steps,
                    int threads = 1);

// CONTRADICTION for "task" unless the task has these inputs and outputs.
absl::Status CheckTaskFits(const Task& task, int64_t inputs, int64_t outputs);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_RUN_TASK_H_
