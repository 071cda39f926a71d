#ifndef MODBOUND_CORE_TASKS_TASK_H_
#define MODBOUND_CORE_TASKS_TASK_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/tasks/duration.h"
#include "core/tasks/judgement.h"
#include "core/tasks/period.h"

// Cognitive tasks with the definitions and defaults of neurogym (Molano-Mazon
// et al. 2022). A task is one source file that fills a TaskDefinition, and one
// line in registry.cc.
namespace modbound {

// How long the fixation input stays at 1: until the response (decision or
// production) period, or in the fixation period only.
enum class Fixation { kTonic, kPeriod };

// Two values to compare.
struct ValuePair {
  double larger = 0;
  double smaller = 0;
};

// What can be chosen about a task. What the task does not have stays as it is
// here.
struct TaskSpec {
  std::string name;  // word of the contract: "PERCEPTUAL_DECISION_MAKING"
  // A period lasts floor(length / dt) steps; a random length is drawn for each
  // trial. Each >= 0.
  Duration fixation_ms;
  Duration stimulus_ms;
  Duration delay_ms;
  Duration decision_ms;
  Duration sample_ms;
  Duration test_ms;
  Duration stimulus1_ms;
  Duration stimulus2_ms;
  Duration delay1_ms;
  Duration delay2_ms;
  Duration cue1_ms;
  Duration cue2_ms;
  Duration test1_ms;
  Duration test2_ms;
  Duration ready_ms;
  Duration measure_ms;
  Duration set_ms;
  // Noise: N(0, sigma^2 / dt) a step and stimulus channel. >= 0; 0 for tasks
  // without noise.
  double sigma = 0;
  // Percent, each in [0, 100], drawn uniformly; empty for tasks without.
  std::vector<double> coherences;
  Fixation fixation = Fixation::kTonic;
  // Directions theta_k = 2 pi k / dim_ring, k = 0 ... dim_ring - 1. 2 to 1024.
  int64_t dim_ring = 0;
  // The response is opposite to the stimulus.
  bool anti = false;
  // Drawn uniformly; larger > smaller in each.
  std::vector<ValuePair> value_pairs;
  // Interval to be produced / interval that was measured. > 0, at most 100.
  double gain = 0;
  // Share of the interval that a production may miss it by, 25 ms beside. >= 0.
  double prod_margin = 0;
  // Go when the second cue's number less the first's has this remainder by 2.
  // 0 or 1.
  int32_t association = 0;

  // The length of a period other than kProduction.
  Duration& LengthOf(Period period);
  const Duration& LengthOf(Period period) const;
};

// Fields of TaskSpec that not every task has, lengths aside.
enum class TaskField {
  kSigma,
  kCoherences,
  kDimRing,
  kAnti,
  kValuePairs,
  kGain,
  kProdMargin,
  kAssociation,
};
inline constexpr std::array<TaskField, 8> kTaskFields = {
    TaskField::kSigma,
    TaskField::kCoherences,
    TaskField::kDimRing,
    TaskField::kAnti,
    TaskField::kValuePairs,
    TaskField::kGain,
    TaskField::kProdMargin,
    TaskField::kAssociation};
// "dim_ring".
const char* TaskFieldName(TaskField field);

// What a trial's task drew beside ground truth and coherence; each task's file
// says what.
using TrialExtras = std::array<double, 3>;

// One trial of T steps. Its matrices may have more rows than T, which are of no
// meaning: buffers are kept from trial to trial.
struct Trial {
  int32_t task = 0;          // which of the tasks
  int32_t ground_truth = 0;  // in [0, trial types of that task)
  double coherence = 0;      // percent; 0 for tasks without
  TrialExtras extras = {};
  PeriodSteps periods;
  Matrix means;                  // max_steps x I, inputs without noise
  Matrix inputs;                 // max_steps x I
  std::vector<int32_t> targets;  // T, class of the right output

  int64_t steps() const { return periods.total; }
};

struct TaskDefinition;

// What was chosen about a task, and what follows from that once.
struct TaskSetup : TaskSpec {
  Vector ring_cosines;  // cos theta_k, k = 0 ... dim_ring - 1
};

// Inputs, outputs and kinds of trials of a task.
struct TaskShape {
  int64_t inputs = 0;
  int64_t outputs = 0;
  int64_t trial_types = 0;  // number of ground truths
  // Channels 1 ... noise_channels get noise in the noise periods.
  int64_t noise_channels = 0;
};

// A task, or several side by side, with its time step: a source of trials.
// Several tasks have their inputs, outputs and trial types one after another as
// blocks, each block with its own fixation input and fixate output; each trial
// is of one of them, drawn uniformly, with the inputs of the others at 0.
// Immutable.
class Task {
 public:
  // Errors: OUT_OF_RANGE for "task.name" (unknown), "task.stimulus_ms" ...
  // (not finite, negative, no step where one is needed, above 2^31 steps; for
  // "task.random" where the length is random), "task.sigma" ... (out of range,
  // or set although the task has no such field), "dt". `path` takes the place
  // of "task".
  static absl::StatusOr<Task> Make(const TaskSpec& spec,
                                   double dt_ms,
                                   std::string_view path = "task");
  // tasks: one or more, each made by Make, with one dt.
  static Task Combine(const std::vector<Task>& tasks);

  // Names, joined by " + ".
  std::string name() const;
  // How many tasks.
  int64_t tasks() const { return static_cast<int64_t>(members_.size()); }
  const TaskSpec& spec(int64_t task = 0) const { return At(task).spec; }
  const TaskShape& shape(int64_t task) const { return At(task).shape; }
  // Where the outputs of one of the tasks begin.
  int64_t first_output(int64_t task) const { return At(task).first_output; }
  double dt_ms() const { return dt_ms_; }
  // Most and least T of a trial; equal when no length is random.
  int64_t max_steps() const { return max_steps_; }
  int64_t min_steps() const { return min_steps_; }
  // Most steps that a trial is judged at.
  int64_t max_judged_steps() const;
  int64_t inputs() const { return shape_.inputs; }
  int64_t outputs() const { return shape_.outputs; }
  // Number of ground truths, of all tasks.
  int64_t trial_types() const { return shape_.trial_types; }
  // In [0, trial_types).
  int32_t TrialTypeOf(int32_t task, int32_t ground_truth) const {
    return static_cast<int32_t>(At(task).first_type) + ground_truth;
  }
  // The right choice is a coin toss: zero coherence in a task with coherences.
  bool IsCoinToss(const Trial& trial) const;
  // Names of the variables, in the order of Variables' columns: those of all
  // tasks, each name once.
  const std::vector<std::string>& variable_names() const {
    return variable_names_;
  }

  // Draws a trial: task, lengths, ground truth and other conditions, noise.
  // Equal streams, equal trials: trial i of a set comes from
  // RandomStream(seed, purpose, i) whatever is drawn around it. `trial` keeps
  // its buffers.
  void Draw(RandomStream& random, Trial& trial) const;
  // T of the trial that Draw would make, for a fraction of the work.
  int64_t DrawSteps(RandomStream random) const;
  // A trial of the first task with given conditions, without noise, random
  // lengths at their shortest. Rows: T.
  Trial NoiseFree(int32_t ground_truth,
                  double coherence,
                  const TrialExtras& extras = {}) const;
  // What varies from step to step: T x variable_names().size(), 0 for what the
  // trial's task does not have.
  Matrix Variables(const Trial& trial) const;
  // How the trial is judged.
  Judgement Judge(const Trial& trial) const;
  // Input of fixed points and fields (I): the noise-free zero-coherence
  // stimulus with fixation on; fixation alone for a task without coherences.
  // One task only.
  Vector ConstantInput() const;

 private:
  struct Member {
    const TaskDefinition* definition = nullptr;
    TaskSetup spec;
    TaskShape shape;
    PeriodSteps shortest;
    PeriodSteps longest;
    bool fixed = true;  // no length is random
    // Where its blocks begin.
    int64_t first_input = 0;
    int64_t first_output = 0;
    int64_t first_type = 0;
    // Column in Variables of each of its variables.
    std::vector<int64_t> variables;
  };

  Task(std::vector<Member> members, double dt_ms);

  const Member& At(int64_t task) const {
    return members_[static_cast<std::size_t>(task)];
  }
  int32_t DrawTask(RandomStream& random) const;
  PeriodSteps DrawPeriods(const Member& member, RandomStream& random) const;
  // Means, inputs and targets from the trial's conditions.
  void Fill(Trial& trial) const;
  void AddNoise(RandomStream& random, Trial& trial) const;

  std::vector<Member> members_;
  double dt_ms_;
  TaskShape shape_;
  int64_t max_steps_ = 0;
  int64_t min_steps_ = 0;
  std::vector<std::string> variable_names_;
};

// A task's own defaults. Errors: OUT_OF_RANGE for "`path`.name".
absl::StatusOr<TaskSpec> DefaultTaskSpec(std::string_view name,
                                         std::string_view path = "task");

// Whether a task, which must be one of TaskNames, has a field or a period that
// can be chosen.
bool TaskHas(std::string_view name, TaskField field);
bool TaskHas(std::string_view name, Period period);

// Names of all tasks.
std::vector<std::string> TaskNames();

}  // namespace modbound

#endif  // MODBOUND_CORE_TASKS_TASK_H_
