#ifndef MODBOUND_CORE_TASKS_TASK_H_
#define MODBOUND_CORE_TASKS_TASK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/matrix.h"
#include "core/base/random.h"

// Cognitive tasks with the definitions and defaults of neurogym (Molano-Mazon
// et al. 2022). A task is one source file that fills a TaskDefinition, and one
// line in registry.cc.
namespace modbound {

// How long the fixation input stays at 1: until the decision period, or in the
// fixation period only.
enum class Fixation { kTonic, kPeriod };

// What can be chosen about a task.
struct TaskSpec {
  std::string name;  // word of the contract: "PERCEPTUAL_DECISION_MAKING"
  // A period lasts floor(length / dt) steps. Each >= 0.
  double fixation_ms = 0;
  double stimulus_ms = 0;  // must hold at least one step
  double delay_ms = 0;
  double decision_ms = 0;  // must hold at least one step
  // Noise: N(0, sigma^2 / dt) a step and stimulus channel. >= 0; 0 for tasks
  // without noise.
  double sigma = 0;
  // Percent, each in [0, 100], drawn uniformly; empty for tasks without.
  std::vector<double> coherences;
  Fixation fixation = Fixation::kTonic;
};

// Steps of each period, in their order.
struct PeriodSteps {
  int64_t fixation = 0;
  int64_t stimulus = 0;
  int64_t delay = 0;
  int64_t decision = 0;

  int64_t stimulus_begin() const { return fixation; }
  int64_t stimulus_end() const { return fixation + stimulus; }
  int64_t decision_begin() const { return fixation + stimulus + delay; }
  int64_t total() const { return decision_begin() + decision; }
};

// One trial of T steps.
struct Trial {
  int32_t ground_truth = 0;      // in [0, trial types)
  double coherence = 0;          // percent; 0 for tasks without
  Matrix means;                  // T x I, inputs without noise
  Matrix inputs;                 // T x I
  std::vector<int32_t> targets;  // T, class of the right output
};

struct TaskDefinition;

// A task with its time step: a source of trials. Immutable.
class Task {
 public:
  // Errors: OUT_OF_RANGE for "task.name" (unknown), "task.stimulus_ms" ...
  // (not finite, negative, no step where one is needed, above 2^31 steps),
  // "task.sigma", "task.coherences" (also when the task has none), "dt".
  static absl::StatusOr<Task> Make(const TaskSpec& spec, double dt_ms);

  const TaskSpec& spec() const { return spec_; }
  const PeriodSteps& periods() const { return periods_; }
  double dt_ms() const { return dt_ms_; }
  // T.
  int64_t steps() const { return periods_.total(); }
  int64_t inputs() const;
  int64_t outputs() const;
  // Number of ground truths.
  int64_t trial_types() const;
  bool has_coherences() const;
  // Names of the variables, in the order of Variables' columns.
  const std::vector<std::string>& variable_names() const;

  // Draws a trial: ground truth, coherence, noise. Equal streams, equal trials:
  // trial i of a set comes from RandomStream(seed, purpose, i) whatever is
  // drawn around it. `trial` keeps its buffers.
  void Draw(RandomStream& random, Trial& trial) const;
  // The trial of a given ground truth and coherence without noise.
  Trial NoiseFree(int32_t ground_truth, double coherence) const;
  // What varies from step to step: T x variable_names().size().
  Matrix Variables(const Trial& trial) const;
  // The right class at the last decision step.
  int32_t FinalTarget(int32_t ground_truth) const;
  // Input of fixed points and fields: the noise-free zero-coherence stimulus
  // with fixation on (I).
  Vector ConstantInput() const;

 private:
  Task(const TaskDefinition* definition, TaskSpec spec, double dt_ms);

  // Means and targets from the trial's ground truth and coherence.
  void FillNoiseFree(Trial& trial) const;

  const TaskDefinition* definition_;
  TaskSpec spec_;
  double dt_ms_;
  PeriodSteps periods_;
};

// A task's own defaults. Errors: OUT_OF_RANGE for "task.name".
absl::StatusOr<TaskSpec> DefaultTaskSpec(std::string_view name);

// Whether a task has the fields sigma and coherences. Errors: OUT_OF_RANGE for
// "task.name".
absl::StatusOr<bool> TaskHasNoise(std::string_view name);

// Names of all tasks.
std::vector<std::string> TaskNames();

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_TASK_H_
