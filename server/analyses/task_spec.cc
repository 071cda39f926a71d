#include "server/analyses/task_spec.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/tasks/run_task.h"

namespace modbound {
namespace {

std::string NameOf(const v1::Task& task) {
  return v1::Task::Name_Name(task.name());
}

absl::Status RefuseForeignField(const char* field,
                                const std::string& given,
                                const v1::Task& task) {
  return Refuse(reason::kOutOfRange,
                field,
                absl::StrCat(field,
                             given,
                             "; ",
                             NameOf(task),
                             " has no such field: leave it unset"));
}

// Fields of noise are left unset for tasks without it.
absl::Status FillNoise(const TaskSpec& defaults, v1::Task& task) {
  MODBOUND_ASSIGN_OR_RETURN(const bool has_noise, TaskHasNoise(defaults.name));
  if (!has_noise) {
    if (task.has_sigma()) {
      return RefuseForeignField(
          "task.sigma", absl::StrCat(" is ", task.sigma()), task);
    }
    if (task.coherences_size() > 0) {
      return RefuseForeignField(
          "task.coherences",
          absl::StrCat(" has ", task.coherences_size(), " elements"),
          task);
    }
    return absl::OkStatus();
  }
  if (!task.has_sigma()) {
    task.set_sigma(defaults.sigma);
  }
  if (task.coherences_size() == 0) {
    task.mutable_coherences()->Assign(defaults.coherences.begin(),
                                      defaults.coherences.end());
  }
  return absl::OkStatus();
}

absl::Status FillDefaults(v1::Task& task) {
  MODBOUND_ASSIGN_OR_RETURN(const TaskSpec defaults,
                            DefaultTaskSpec(NameOf(task)));
  if (!task.has_fixation_ms()) {
    task.set_fixation_ms(defaults.fixation_ms);
  }
  if (!task.has_stimulus_ms()) {
    task.set_stimulus_ms(defaults.stimulus_ms);
  }
  if (!task.has_delay_ms()) {
    task.set_delay_ms(defaults.delay_ms);
  }
  if (!task.has_decision_ms()) {
    task.set_decision_ms(defaults.decision_ms);
  }
  if (!task.has_fixation()) {
    task.set_fixation(v1::Task::TONIC);
  }
  return FillNoise(defaults, task);
}

}  // namespace

absl::StatusOr<Task> TaskOf(const v1::Task& task, double dt_ms) {
  TaskSpec spec;
  spec.name = NameOf(task);
  spec.fixation_ms = task.fixation_ms();
  spec.stimulus_ms = task.stimulus_ms();
  spec.delay_ms = task.delay_ms();
  spec.decision_ms = task.decision_ms();
  spec.sigma = task.sigma();
  spec.coherences.assign(task.coherences().begin(), task.coherences().end());
  spec.fixation = task.fixation() == v1::Task::PERIOD ? Fixation::kPeriod
                                                      : Fixation::kTonic;
  return Task::Make(spec, dt_ms);
}

absl::StatusOr<Task> ResolveTask(double dt_ms, v1::Task& task) {
  MODBOUND_RETURN_IF_ERROR(FillDefaults(task));
  return TaskOf(task, dt_ms);
}

double TaskThreadBytes(const Task& task, int64_t units) {
  return RunTaskBytes(task, units, 1, false, 1) -
         RunTaskBytes(task, units, 1, false, 0);
}

namespace internal {

absl::StatusOr<Task> ResolveTaskOf(const InputInfos& inputs,
                                   bool has_task,
                                   double dt_ms,
                                   v1::Task& task) {
  if (!has_task) {
    MODBOUND_ASSIGN_OR_RETURN(const v1::TrainSpec* train, TrainSpecOf(inputs));
    if (train == nullptr) {
      return Refuse(reason::kMissingField,
                    "task",
                    "task is missing, and no job that trained the network says "
                    "which it is");
    }
    task = train->task();
  }
  MODBOUND_ASSIGN_OR_RETURN(Task resolved, ResolveTask(dt_ms, task));
  const NetworkShape shape = NetworkShapeOf(inputs);
  MODBOUND_RETURN_IF_ERROR(
      CheckTaskFits(resolved,
                    shape.inputs < 0 ? resolved.inputs() : shape.inputs,
                    shape.outputs < 0 ? resolved.outputs() : shape.outputs));
  return resolved;
}

}  // namespace internal

}  // namespace modbound
