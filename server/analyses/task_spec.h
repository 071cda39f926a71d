#ifndef MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_
#define MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/tasks/task.h"
#include "modbound/v1/task.pb.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/plan_estimates.h"

namespace modbound {

// Fills the named task's own defaults into `task` and makes the core task.
// Errors: those of Task::Make, OUT_OF_RANGE also for sigma and coherences of a
// task that has none. Fields: "task.stimulus_ms".
absl::StatusOr<Task> ResolveTask(double dt_ms, v1::Task& task);

// The core task of a filled message. Errors: as above.
absl::StatusOr<Task> TaskOf(const v1::Task& task, double dt_ms);

// For a kind with a network: when the spec names no task, takes that of the
// train job that made the network; then as above with the spec's dt, which must
// be resolved, and checks that the task fits the network's inputs and outputs
// as far as they are known. Errors: MISSING_FIELD for "task" when no train job
// is known, those above, CONTRADICTION for "task".
template <typename SpecT>
absl::StatusOr<Task> ResolveTask(const InputInfos& inputs, SpecT& spec);

// Bytes that each thread of RunTask works in for N units; the rest of what it
// holds is RunTaskBytes for 0 threads.
double TaskThreadBytes(const Task& task, int64_t units);

// ---- Implementation.

namespace internal {
// Sets `task` to that of the train job unless `has_task`, fills and checks it.
absl::StatusOr<Task> ResolveTaskOf(const InputInfos& inputs,
                                   bool has_task,
                                   double dt_ms,
                                   v1::Task& task);
}  // namespace internal

template <typename SpecT>
absl::StatusOr<Task> ResolveTask(const InputInfos& inputs, SpecT& spec) {
  const bool has_task = spec.has_task();
  return internal::ResolveTaskOf(
      inputs, has_task, spec.dt(), *spec.mutable_task());
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_
