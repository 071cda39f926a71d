#include "server/analyses/task_spec.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/tasks/run_task.h"
#include "server/analyses/task_message.h"

namespace modbound {

double TaskThreadBytes(const Task& task, int64_t units) {
  return RunTaskBytes(task, units, 1, false, 1) -
         RunTaskBytes(task, units, 1, false, 0);
}

namespace internal {
namespace {

std::string PathOf(int index) { return absl::StrCat("tasks[", index, "]"); }

}  // namespace

absl::StatusOr<Task> TaskOfMessages(bool has_task,
                                    const v1::Task& task,
                                    const TaskList& tasks,
                                    double dt_ms) {
  if (has_task) {
    return Task::Make(CoreTaskSpec(task), dt_ms);
  }
  std::vector<Task> members;
  for (int i = 0; i < tasks.size(); ++i) {
    MODBOUND_ASSIGN_OR_RETURN(
        Task member, Task::Make(CoreTaskSpec(tasks[i]), dt_ms, PathOf(i)));
    members.push_back(std::move(member));
  }
  return Task::Combine(members);
}

absl::Status FillTasks(bool has_task, v1::Task& task, TaskList& tasks) {
  if (has_task && !tasks.empty()) {
    return Refuse(reason::kContradiction,
                  "tasks",
                  "task and tasks are both set; allowed: one of them");
  }
  if (!has_task && tasks.empty()) {
    return Refuse(reason::kMissingField,
                  "task",
                  "task is missing; give task, or one or more tasks");
  }
  if (has_task) {
    return FillTaskDefaults("task", task);
  }
  for (int i = 0; i < tasks.size(); ++i) {
    MODBOUND_RETURN_IF_ERROR(FillTaskDefaults(PathOf(i), tasks[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckTasksFit(const InputInfos& inputs,
                           const Task& task,
                           bool has_task) {
  const NetworkShape shape = NetworkShapeOf(inputs);
  return CheckTaskFits(task,
                       shape.inputs < 0 ? task.inputs() : shape.inputs,
                       shape.outputs < 0 ? task.outputs() : shape.outputs,
                       has_task ? "task" : "tasks");
}

}  // namespace internal

}  // namespace modbound
