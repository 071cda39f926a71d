#ifndef MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_
#define MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/tasks/task.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "modbound/v1/task.pb.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/plan_estimates.h"

namespace modbound {

// Fills the named tasks' own defaults into `spec`, which has either `task` or
// `tasks`, and makes the core task of its words. Errors: MISSING_FIELD for
// "task" when there is neither; CONTRADICTION for "tasks" when there are both;
// those of FillTaskDefaults and Task::Make. Fields: "task.stimulus_ms",
// "tasks[1].sigma".
template <typename SpecT>
absl::StatusOr<Task> ResolveTask(double dt_ms, SpecT& spec);

// The core task of a filled spec. Errors: as above.
template <typename SpecT>
absl::StatusOr<Task> TaskOf(const SpecT& spec, double dt_ms);

// For a kind with a network: when the spec names no task, takes that, or those,
// of the train job that made the network; then as above with the spec's dt,
// which must be resolved, and checks that the task fits the network's inputs
// and outputs as far as they are known. Errors: MISSING_FIELD for "task" when
// no train job is known, those above, CONTRADICTION for "task" or "tasks".
template <typename SpecT>
absl::StatusOr<Task> ResolveTask(const InputInfos& inputs, SpecT& spec);

// Whether a spec names what to run.
template <typename SpecT>
bool NamesTask(const SpecT& spec) {
  return spec.has_task() || spec.tasks_size() > 0;
}

// Bytes that each thread of RunTask works in for N units; the rest of what it
// holds is RunTaskBytes for 0 threads.
double TaskThreadBytes(const Task& task, int64_t units);

// ---- Implementation.

namespace internal {

using TaskList = google::protobuf::RepeatedPtrField<v1::Task>;

absl::StatusOr<Task> TaskOfMessages(bool has_task,
                                    const v1::Task& task,
                                    const TaskList& tasks,
                                    double dt_ms);
absl::Status FillTasks(bool has_task, v1::Task& task, TaskList& tasks);
absl::Status CheckTasksFit(const InputInfos& inputs,
                           const Task& task,
                           bool has_task);

}  // namespace internal

template <typename SpecT>
absl::StatusOr<Task> TaskOf(const SpecT& spec, double dt_ms) {
  return internal::TaskOfMessages(
      spec.has_task(), spec.task(), spec.tasks(), dt_ms);
}

template <typename SpecT>
absl::StatusOr<Task> ResolveTask(double dt_ms, SpecT& spec) {
  // Making `task` a member would set it.
  v1::Task task = spec.task();
  if (absl::Status status =
          internal::FillTasks(spec.has_task(), task, *spec.mutable_tasks());
      !status.ok()) {
    return status;
  }
  if (spec.has_task()) {
    *spec.mutable_task() = std::move(task);
  }
  return TaskOf(spec, dt_ms);
}

template <typename SpecT>
absl::StatusOr<Task> ResolveTask(const InputInfos& inputs, SpecT& spec) {
  if (!NamesTask(spec)) {
    absl::StatusOr<const v1::TrainSpec*> train = TrainSpecOf(inputs);
    if (!train.ok()) {
      return train.status();
    }
    if (*train == nullptr) {
      return Refuse(reason::kMissingField,
                    "task",
                    "task is missing, and no job that trained the network says "
                    "which it is");
    }
    if ((*train)->has_task()) {
      *spec.mutable_task() = (*train)->task();
    }
    *spec.mutable_tasks() = (*train)->tasks();
  }
  absl::StatusOr<Task> task = ResolveTask(spec.dt(), spec);
  if (!task.ok()) {
    return task;
  }
  if (absl::Status status =
          internal::CheckTasksFit(inputs, *task, spec.has_task());
      !status.ok()) {
    return status;
  }
  return task;
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_TASK_SPEC_H_
