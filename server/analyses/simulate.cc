#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/network/intervened_run.h"
#include "core/network/run.h"
#include "core/tasks/run_task.h"
#include "server/analyses/analysis.h"
#include "server/analyses/intervention_spec.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

constexpr int32_t kSimulatedTrials = 100;

// -1 as soon as one factor is not known.
int64_t Times(int64_t a, int64_t b) { return a < 0 || b < 0 ? -1 : a * b; }

int Threads(int64_t trials) {
  const int64_t blocks = (trials + kTrialBlock - 1) / kTrialBlock;
  return static_cast<int>(std::clamp<int64_t>(blocks, 1, 64));
}

// initial_state must have a row a trial, or one for all.
absl::Status CheckInitialState(const InputInfos& inputs, int64_t trials) {
  const auto info = inputs.find("initial_state");
  if (info == inputs.end() || info->second.shape[0] <= 1 || trials < 0 ||
      info->second.shape[0] == trials) {
    return absl::OkStatus();
  }
  return Refuse(reason::kWrongShape,
                "inputs.initial_state",
                absl::StrCat("inputs.initial_state has ",
                             info->second.shape[0],
                             " rows; allowed: 1 or the number of trials, ",
                             trials));
}

// Bytes of initial_state as doubles.
double InitialStateBytes(const InputInfos& inputs) {
  const auto info = inputs.find("initial_state");
  if (info == inputs.end() || info->second.shape[0] < 0 ||
      info->second.shape[1] < 0) {
    return 0;
  }
  return 8.0 * static_cast<double>(info->second.shape[0]) *
         static_cast<double>(info->second.shape[1]);
}

// Checks the interventions in trials of `steps` steps, -1 = not known yet, and
// adds their bytes.
absl::Status PlanIntervention(const v1::SimulateSpec& simulate,
                              const NetworkShape& network,
                              int64_t steps,
                              double initial_state_bytes,
                              Plan& plan) {
  MODBOUND_RETURN_IF_ERROR(CheckIntervention(
      simulate, {network.units, network.inputs, network.outputs, steps}));
  const Intervention intervention = InterventionOf(simulate);
  double bytes = IntervenedRun::Bytes(
      intervention, static_cast<double>(network.bytes()), plan.max_threads);
  if (intervention.needs_intact_run()) {
    bytes += initial_state_bytes;  // the intact run's own
  }
  plan.memory_bytes = BytesOf(static_cast<double>(plan.memory_bytes) + bytes);
  return absl::OkStatus();
}

absl::StatusOr<Plan> PlanSequence(const v1::SimulateSpec& simulate,
                                  const InputInfos& inputs) {
  if (NamesTask(simulate) || simulate.has_trials()) {
    const char* field = simulate.has_task()         ? "task"
                        : simulate.tasks_size() > 0 ? "tasks"
                                                    : "trials";
    return Refuse(
        reason::kContradiction,
        field,
        absl::StrCat(field, " is set and an input_sequence is given"));
  }
  const std::vector<int64_t>& shape = inputs.at("input_sequence").shape;
  const int64_t T = shape[0];
  const int64_t B = shape[1];
  MODBOUND_RETURN_IF_ERROR(CheckInitialState(inputs, B));
  const NetworkShape network = NetworkShapeOf(inputs);
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {
      {"activity", f8, {T, B, network.units}, {"step", "trial", "unit"}},
      {"outputs", f8, {T, B, network.outputs}, {"step", "trial", "output"}}};
  plan.max_threads = Threads(std::max<int64_t>(B, 1));
  // Inputs as given and as doubles, each thread's block of them, and every
  // result with the copy that leaves.
  const auto rows = static_cast<double>(std::max<int64_t>(Times(T, B), 0));
  const double per_row =
      8.0 * static_cast<double>(3 * std::max<int64_t>(shape[2], 1) +
                                2 * std::max<int64_t>(network.units, 1) +
                                2 * std::max<int64_t>(network.outputs, 1));
  plan.memory_bytes =
      BytesOf(rows * per_row + 2.0 * static_cast<double>(network.bytes()) +
              2 * InitialStateBytes(inputs));
  MODBOUND_RETURN_IF_ERROR(
      PlanIntervention(simulate, network, T, InitialStateBytes(inputs), plan));
  return plan;
}

absl::StatusOr<Plan> PlanTask(v1::SimulateSpec& simulate,
                              const InputInfos& inputs) {
  if (!simulate.has_trials()) {
    simulate.set_trials(kSimulatedTrials);
  }
  MODBOUND_ASSIGN_OR_RETURN(const Task task, ResolveTask(inputs, simulate));
  const int64_t K = simulate.trials();
  MODBOUND_RETURN_IF_ERROR(CheckInitialState(inputs, K));
  const NetworkShape network = NetworkShapeOf(inputs);
  // Known after the run when lengths are random.
  const int64_t most = K * task.max_steps();
  const bool fixed = task.min_steps() == task.max_steps();
  const int64_t rows = fixed ? most : -1;
  const DTypeEnum f8 = v1::DType::FLOAT64;
  const DTypeEnum i4 = v1::DType::INT32;
  Plan plan;
  plan.outputs = {{"activity", f8, {rows, network.units}, {"step", "unit"}},
                  {"outputs", f8, {rows, task.outputs()}, {"step", "output"}},
                  {"inputs", f8, {rows, task.inputs()}, {"step", "channel"}},
                  {"trial", i4, {rows}, {"step"}},
                  {"ground_truth", i4, {K}, {"trial"}},
                  {"coherence", f8, {K}, {"trial"}},
                  {"choice", i4, {K}, {"trial"}},
                  {"correct", v1::DType::BOOL, {K}, {"trial"}}};
  for (const std::string& name : task.variable_names()) {
    plan.outputs.push_back({"variables/" + name, f8, {rows}, {"step"}});
  }
  if (simulate.tasks_size() > 0) {
    plan.outputs.push_back({"context", i4, {K}, {"trial"}});
  }
  for (PlannedOutput& output : plan.outputs) {
    output.most_extent = output.shape[0] < 0 ? most : 0;
  }
  plan.max_threads = Threads(K);
  // Results twice: as computed, and as the arrays that leave.
  const double run = RunTaskBytes(task,
                                  std::max<int64_t>(network.units, 1),
                                  K,
                                  /*record_steps=*/true,
                                  plan.max_threads);
  plan.memory_bytes = BytesOf(2 * run + 4.0 * static_cast<double>(most) +
                              2.0 * static_cast<double>(network.bytes()) +
                              2 * InitialStateBytes(inputs));
  MODBOUND_RETURN_IF_ERROR(PlanIntervention(
      simulate, network, task.max_steps(), InitialStateBytes(inputs), plan));
  return plan;
}

absl::StatusOr<Plan> PlanSimulate(v1::Spec& spec, const InputInfos& inputs) {
  v1::SimulateSpec& simulate = *spec.mutable_simulate();
  MODBOUND_RETURN_IF_ERROR(ResolveDynamics(inputs, simulate));
  return inputs.count("input_sequence") > 0 ? PlanSequence(simulate, inputs)
                                            : PlanTask(simulate, inputs);
}

Matrix InitialStates(const InputArrays& inputs) {
  const auto array = inputs.find("initial_state");
  return array == inputs.end() ? Matrix() : array->second.ToMatrix();
}

// Rows t B + b as an array of steps, trials, values.
HostArray ByTime(const Matrix& rows, int64_t trials, const char* axis) {
  HostArray array(v1::DType::FLOAT64,
                  {rows.rows() / trials, trials, rows.cols()},
                  {"step", "trial", axis});
  Eigen::Map<Matrix>(reinterpret_cast<double*>(array.mutable_data()),
                     rows.rows(),
                     rows.cols()) = rows;
  return array;
}

absl::StatusOr<Outcome> RunSequence(const v1::SimulateSpec& simulate,
                                    const Network& network,
                                    const InputArrays& inputs,
                                    const Execution& execution) {
  const HostArray& sequence = inputs.at("input_sequence");
  const int64_t B = sequence.shape()[1];
  MODBOUND_ASSIGN_OR_RETURN(const Run run,
                            RunNetwork(network,
                                       sequence.ToMatrix(),
                                       B,
                                       RowOrder::kByTime,
                                       InitialStates(inputs),
                                       execution,
                                       InterventionOf(simulate)));
  Outcome outcome;
  outcome.summary.mutable_simulate();
  outcome.outputs["activity"] = ByTime(run.activity, B, "unit");
  outcome.outputs["outputs"] = ByTime(run.outputs, B, "output");
  return outcome;
}

void AddTrials(const TaskRun& run, Outcome& outcome) {
  const auto K = static_cast<int64_t>(run.trials.size());
  std::vector<int32_t> trial;
  std::vector<int32_t> ground_truth;
  std::vector<int32_t> choice;
  std::vector<double> coherence;
  HostArray correct(v1::DType::BOOL, {K}, {"trial"});
  for (int64_t k = 0; k < K; ++k) {
    const TrialOutcome& one = run.trials[static_cast<std::size_t>(k)];
    trial.resize(static_cast<std::size_t>(
                     run.first_rows[static_cast<std::size_t>(k) + 1]),
                 static_cast<int32_t>(k));
    ground_truth.push_back(one.ground_truth);
    choice.push_back(one.choice);
    coherence.push_back(one.coherence);
    correct.mutable_data()[k] = std::byte{one.correct};
  }
  outcome.outputs["trial"] =
      HostArray::FromInts(trial, {run.first_rows.back()}, {"step"});
  outcome.outputs["ground_truth"] =
      HostArray::FromInts(ground_truth, {K}, {"trial"});
  outcome.outputs["choice"] = HostArray::FromInts(choice, {K}, {"trial"});
  outcome.outputs["coherence"] =
      HostArray::FromDoubles(coherence, {K}, {"trial"});
  outcome.outputs["correct"] = std::move(correct);
}

HostArray ContextOf(const TaskRun& run) {
  std::vector<int32_t> context;
  for (const TrialOutcome& trial : run.trials) {
    context.push_back(trial.task);
  }
  return HostArray::FromInts(
      context, {static_cast<int64_t>(context.size())}, {"trial"});
}

void FillSummary(const TaskRun& run, v1::SimulateSummary& summary) {
  const Accuracy accuracy = ScoreTrials(run.trials);
  if (accuracy.accuracy.has_value()) {
    summary.set_accuracy(*accuracy.accuracy);
  }
  if (accuracy.accuracy_all.has_value()) {
    summary.set_accuracy_all(*accuracy.accuracy_all);
  }
  if (accuracy.accuracy_zero.has_value()) {
    summary.set_accuracy_zero(*accuracy.accuracy_zero);
  }
  summary.set_silent_units(run.moments.SilentUnits());
}

absl::StatusOr<Outcome> RunTrials(const v1::SimulateSpec& simulate,
                                  const Network& network,
                                  const InputArrays& inputs,
                                  const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Task task, TaskOf(simulate, simulate.dt()));
  TaskRunOptions options;
  options.trials = simulate.trials();
  options.seed = simulate.seed();
  options.initial_states = InitialStates(inputs);
  options.intervention = InterventionOf(simulate);
  options.record_moments = true;
  MODBOUND_ASSIGN_OR_RETURN(const TaskRun run,
                            RunTask(network, task, options, execution));
  Outcome outcome;
  FillSummary(run, *outcome.summary.mutable_simulate());
  outcome.outputs["activity"] =
      HostArray::FromMatrix(run.activity, {"step", "unit"});
  outcome.outputs["outputs"] =
      HostArray::FromMatrix(run.outputs, {"step", "output"});
  outcome.outputs["inputs"] =
      HostArray::FromMatrix(run.inputs, {"step", "channel"});
  AddTrials(run, outcome);
  if (simulate.tasks_size() > 0) {
    outcome.outputs["context"] = ContextOf(run);
  }
  for (std::size_t v = 0; v < task.variable_names().size(); ++v) {
    outcome.outputs["variables/" + task.variable_names()[v]] =
        HostArray::FromVector(run.variables.col(static_cast<int64_t>(v)),
                              {"step"});
  }
  return outcome;
}

absl::StatusOr<Outcome> RunSimulate(const v1::Spec& spec,
                                    const InputArrays& inputs,
                                    const Execution& execution) {
  const v1::SimulateSpec& simulate = spec.simulate();
  MODBOUND_ASSIGN_OR_RETURN(const Network network,
                            NetworkOf(inputs, DynamicsOf(simulate)));
  return inputs.count("input_sequence") > 0
             ? RunSequence(simulate, network, inputs, execution)
             : RunTrials(simulate, network, inputs, execution);
}

constexpr char kVariablesComment[] =
    "fixation, and by task: perceptual decisions cumulative_inputs, "
    "cumulative_means (running sums of stimulus 1 - stimulus 2 with and "
    "without noise), with _1 and _2 of two modalities (of rings the cosine "
    "part) and context (+1 modality 1 is cued, -1 modality 2); GO_NOGO cue (+1 "
    "go, -1 no-go); DELAY_MATCH_SAMPLE sample, test (cosine of the direction), "
    "match (+1, -1); DELAY_COMPARISON value1, value2, difference; "
    "DELAY_PAIRED_ASSOCIATION first (+1 cue 1, -1 cue 2), second (+1 cue 3, -1 "
    "cue 4), go (+1, -1); READY_SET_GO since_ready, since_set (ms); "
    "INTERVAL_DISCRIMINATION duration1, duration2 (ms so far); "
    "DUAL_DELAY_MATCH_SAMPLE sample1, sample2 (+1 direction 0, -1 pi/2), order "
    "(+1 sample 1 first, -1), match (+1, -1 while a test is shown); ANTI_REACH "
    "stimulus_cos, stimulus_sin. 0 before what they tell is shown, and in "
    "trials of other tasks.";

std::vector<OutputRule> SimulateOutputs() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  const DTypeEnum i4 = v1::DType::INT32;
  return {
      {"activity",
       {"T", "N"},
       f8,
       "State after each step, trials one after another; (T, B, N) with an "
       "input_sequence."},
      {"outputs",
       {"T", "O"},
       f8,
       "Readout of each state; (T, B, O) with an input_sequence; infinite "
       "beyond the range of its type."},
      {"inputs", {"T", "I"}, f8, "Input of each step, clamps included."},
      {"trial", {"T"}, i4, "Trial of each step."},
      {"ground_truth", {"K"}, i4, "Trial type."},
      {"coherence", {"K"}, f8, "Percent; 0 for a task without coherences."},
      {"choice", {"K"}, i4, "Argmax of the outputs at the last step."},
      {"correct",
       {"K"},
       v1::DType::BOOL,
       "The choice is the target, or the task's own rule is met."},
      {"context",
       {"K"},
       i4,
       "Which of tasks the trial is of; only with tasks."},
      {"variables/*", {"T"}, f8, kVariablesComment},
  };
}

}  // namespace

Analysis SimulateAnalysis() {
  Analysis analysis;
  analysis.kind = "simulate";
  analysis.inputs = NetworkInputRules();
  analysis.inputs.push_back({.name = "input_sequence",
                             .axes = {"T", "B", "I"},
                             .comment = "Inputs of B sequences of T steps.",
                             .optional = true});
  analysis.inputs.push_back(
      {.name = "initial_state",
       .axes = {"S", "N"},
       .comment = "State before the first step; S = trials, or 1 for all.",
       .optional = true});
  analysis.outputs = SimulateOutputs();
  analysis.example_spec = R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, )"
                          R"("trials": 100, "seed": "2"})";
  analysis.plan = PlanSimulate;
  analysis.run = RunSimulate;
  return analysis;
}

}  // namespace modbound
