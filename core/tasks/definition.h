#ifndef MODBOUND_CORE_TASKS_DEFINITION_H_
#define MODBOUND_CORE_TASKS_DEFINITION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/matrix.h"
#include "core/tasks/task.h"

namespace modbound {

// A period of a task.
struct PeriodRule {
  Period period;
  // It must hold at least one step.
  bool needs_step = false;
  // It begins where the period after it begins, too.
  bool beside_next = false;
};

// A trial as its own task sees it: with the channels of that task alone.
struct TrialView {
  const TaskSpec& spec;
  double dt_ms;
  const Trial& trial;
  Eigen::Ref<const Matrix> means;   // T x I of the task
  Eigen::Ref<const Matrix> inputs;  // T x I of the task
};

// What makes a task: Task does the rest (periods, fixation, noise, blocks).
struct TaskDefinition {
  // The task's name and its own defaults.
  TaskSpec defaults;
  // In their order.
  std::vector<PeriodRule> periods;
  // What can be chosen beside lengths and the form of the fixation.
  std::vector<TaskField> fields;
  TaskShape (*shape)(const TaskSpec& spec) = nullptr;
  // Where the fixation input goes off and the target is no longer 0; none:
  // never off.
  std::optional<Period> response = Period::kDecision;
  // Where channels get noise.
  std::vector<Period> noise_periods;
  // Draws ground_truth and extras of a trial whose periods and coherence are
  // drawn; none: the ground truth uniformly and no extras.
  void (*draw)(const TaskSpec& spec,
               RandomStream& random,
               Trial& trial) = nullptr;
  // Writes the inputs of one trial into `means` (T x I of the task, zero but
  // for the fixation channel 0, which Task fills).
  void (*fill_means)(const TaskSetup& setup,
                     const Trial& trial,
                     Eigen::Ref<Matrix> means) = nullptr;
  // The right class in the response period; it is 0 before.
  int32_t (*final_target)(int32_t ground_truth) = nullptr;
  // Instead of final_target: writes trial.targets, which are 0.
  void (*fill_targets)(double dt_ms, Trial& trial) = nullptr;
  // How a trial is judged, of whose targets every one is known; none: by the
  // choice at its last step.
  Judgement (*judge)(const TaskSpec& spec,
                     double dt_ms,
                     const Trial& trial) = nullptr;
  // Most steps that a trial with these periods is judged at; none: 1.
  int64_t (*judged_steps)(const PeriodSteps& periods) = nullptr;
  // The constant input, see Task::ConstantInput; none: fixation alone.
  Vector (*constant_input)(const TaskSpec& spec) = nullptr;
  std::vector<std::string> variable_names;
  // Writes the variables (T x V, zero) of a trial.
  void (*fill_variables)(const TrialView& view,
                         Eigen::Ref<Matrix> variables) = nullptr;
};

// One function a task, defined in core/tasks/<task>.cc.
TaskDefinition PerceptualDecisionMaking();
TaskDefinition GoNogo();
TaskDefinition DelayMatchSample();
TaskDefinition DelayComparison();
TaskDefinition ContextDecisionMaking();
TaskDefinition PerceptualDecisionMakingDelayResponse();
TaskDefinition DelayPairedAssociation();
TaskDefinition ReadySetGo();
TaskDefinition IntervalDiscrimination();
TaskDefinition MultiSensoryIntegration();
TaskDefinition DualDelayMatchSample();
TaskDefinition AntiReach();

// All of them.
const std::vector<TaskDefinition>& AllTaskDefinitions();

// Null when there is none of that name.
const TaskDefinition* FindTaskDefinition(std::string_view name);

bool HasField(const TaskDefinition& definition, TaskField field);

// floor(length / dt).
int64_t StepsOf(double length_ms, double dt_ms);

// Errors: those of Task::Make but for the name.
absl::Status CheckTaskSpec(const TaskDefinition& definition,
                           const TaskSpec& spec,
                           double dt_ms,
                           const std::string& path);

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_DEFINITION_H_
