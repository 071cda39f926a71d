#ifndef MODBOUND_CORE_TASKS_DEFINITION_H_
#define MODBOUND_CORE_TASKS_DEFINITION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/matrix.h"
#include "core/tasks/task.h"

namespace modbound {

// What makes a task: Task does the rest (periods, fixation, draws, noise).
struct TaskDefinition {
  // The task's name and its own defaults.
  TaskSpec defaults;
  int64_t inputs = 0;
  int64_t outputs = 0;
  int64_t trial_types = 0;
  // Has sigma and coherences; a spec that sets them for a task that has not is
  // refused.
  bool has_noise = false;
  // Channels that get noise in the stimulus period.
  std::vector<int64_t> noise_channels;
  // Writes the stimulus and other inputs of one trial into trial.means (T x I,
  // zero but for the fixation channel 0, which Task fills), from
  // trial.ground_truth and trial.coherence.
  void (*fill_means)(const PeriodSteps& periods, Trial& trial) = nullptr;
  // The right class in the decision period; it is 0 before.
  int32_t (*final_target)(int32_t ground_truth) = nullptr;
  // The constant input, see Task::ConstantInput.
  Vector constant_input;
  std::vector<std::string> variable_names;
  // Writes the variables (T x V, zero) of a trial.
  void (*fill_variables)(const PeriodSteps& periods,
                         const Trial& trial,
                         Matrix& variables) = nullptr;
};

// One function a task, defined in core/tasks/<task>.cc.
TaskDefinition PerceptualDecisionMaking();
TaskDefinition GoNogo();

// All of them.
const std::vector<TaskDefinition>& AllTaskDefinitions();

// Null when there is none of that name.
const TaskDefinition* FindTaskDefinition(std::string_view name);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_DEFINITION_H_
