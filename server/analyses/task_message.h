#ifndef MODBOUND_SERVER_ANALYSES_TASK_MESSAGE_H_
#define MODBOUND_SERVER_ANALYSES_TASK_MESSAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/tasks/task.h"
#include "modbound/v1/task.pb.h"

namespace modbound {

// Fills the named task's own defaults into `task`; `path` is where the message
// is: "task", "tasks[1]". Errors: OUT_OF_RANGE for "`path`.FIELD" that the task
// does not have; MISSING_FIELD or CONTRADICTION for "`path`.random[i]" without
// a distribution, or of a period that has a length already.
absl::Status FillTaskDefaults(const std::string& path, v1::Task& task);

// What a filled message says.
TaskSpec CoreTaskSpec(const v1::Task& task);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_TASK_MESSAGE_H_
