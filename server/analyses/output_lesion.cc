#include "core/lesions/output_lesion.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/tasks/run_task.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/network_tests.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

constexpr int32_t kTrialsARepeat = 200;
constexpr int32_t kDefaultRepeats = 20;
constexpr int64_t kSequenceTypes = 2;
constexpr int kMaxLesionThreads = 64;

bool HasSequence(const InputInfos& inputs) {
  return inputs.count("input_sequence") > 0;
}

absl::Status SequenceContradiction(const std::string& field) {
  return Refuse(reason::kContradiction,
                field,
                absl::StrCat(field, " is set and an input_sequence is given"));
}

absl::Status CheckSequence(const InputInfos& inputs,
                           v1::OutputLesionSpec& spec) {
  if (NamesTask(spec)) {
    return SequenceContradiction(spec.has_task() ? "task" : "tasks");
  }
  if (spec.has_trials()) {
    return SequenceContradiction("trials");
  }
  if (spec.has_repeats() && spec.repeats() != 1) {
    return SequenceContradiction("repeats");
  }
  spec.set_repeats(1);
  if (inputs.count("ground_truth") == 0) {
    return Refuse(reason::kMissingField,
                  "inputs.ground_truth",
                  "inputs.ground_truth is missing; it goes with "
                  "input_sequence");
  }
  const InputInfo& truth = inputs.at("ground_truth");
  if (truth.facts.has_value() &&
      (!truth.facts->whole() || truth.facts->min() < 0 ||
       truth.facts->max() > 1)) {
    return Refuse(reason::kOutOfRange,
                  "inputs.ground_truth",
                  absl::StrCat("inputs.ground_truth has values from ",
                               truth.facts->min(),
                               " to ",
                               truth.facts->max(),
                               "; allowed: 0 and 1"));
  }
  const int64_t outputs = NetworkShapeOf(inputs).outputs;
  if (outputs >= 0 && outputs != 2 && outputs != 3) {
    return Refuse(reason::kContradiction,
                  "inputs.input_sequence",
                  absl::StrCat("the network has ",
                               outputs,
                               " outputs; an input_sequence goes with 2 "
                               "(target = ground_truth) or 3 (ground_truth + "
                               "1)"));
  }
  return absl::OkStatus();
}

bool HasRoles(const InputInfos& inputs) {
  return inputs.count("ranked_modules") > 0;
}

// Modules that are asked for: of the spec or by role; 0 = all of them, -1 = not
// known yet.
int64_t NumAsked(const v1::OutputLesionSpec& spec, const InputInfos& inputs) {
  return HasRoles(inputs) ? inputs.at("ranked_modules").shape[0]
                          : spec.modules_size();
}

absl::Status CheckModules(const v1::OutputLesionSpec& spec,
                          const InputInfos& inputs) {
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  if (HasRoles(inputs) && spec.modules_size() > 0) {
    return Refuse(reason::kContradiction,
                  "modules",
                  "modules is set and ranked_modules is given");
  }
  const int64_t most = NumModulesOf(inputs);
  for (int i = 0; i < spec.modules_size(); ++i) {
    if (most >= 0 && spec.modules(i) >= most) {
      return Refuse(reason::kContradiction,
                    absl::StrCat("modules[", i, "]"),
                    absl::StrCat("modules[",
                                 i,
                                 "] is ",
                                 spec.modules(i),
                                 "; the largest label is ",
                                 most - 1));
    }
  }
  return absl::OkStatus();
}

// Types of trials, and the bytes of running a repeat.
struct Trials {
  int64_t types = kSequenceTypes;
  double bytes = 0;
  int64_t count = 0;  // states that are read out
};

absl::StatusOr<Trials> ResolveTrials(const InputInfos& inputs,
                                     v1::OutputLesionSpec& spec) {
  const NetworkShape network = NetworkShapeOf(inputs);
  const int64_t units = std::max<int64_t>(network.units, 1);
  Trials trials;
  if (HasSequence(inputs)) {
    MODBOUND_RETURN_IF_ERROR(CheckSequence(inputs, spec));
    const std::vector<int64_t>& shape = inputs.at("input_sequence").shape;
    trials.count = std::max<int64_t>(shape[1], 0);
    trials.bytes = 8.0 * 3 *
                   static_cast<double>(std::max<int64_t>(shape[0], 0)) *
                   static_cast<double>(trials.count) *
                   static_cast<double>(std::max<int64_t>(shape[2], 1));
    return trials;
  }
  if (inputs.count("ground_truth") > 0) {
    return Refuse(reason::kContradiction,
                  "inputs.ground_truth",
                  "inputs.ground_truth is given without input_sequence");
  }
  if (!spec.has_trials()) {
    spec.set_trials(kTrialsARepeat);
  }
  if (!spec.has_repeats()) {
    spec.set_repeats(kDefaultRepeats);
  }
  MODBOUND_ASSIGN_OR_RETURN(const Task task, ResolveTask(inputs, spec));
  trials.types = task.trial_types();
  trials.count = spec.trials() * task.max_judged_steps();
  trials.bytes =
      RunTaskBytes(task, units, spec.trials(), false, kMaxLesionThreads) +
      JudgedBytes(task, units, spec.trials());
  return trials;
}

double MemoryOf(const v1::OutputLesionSpec& spec,
                const InputInfos& inputs,
                const Trials& trials) {
  const NetworkShape network = NetworkShapeOf(inputs);
  const auto units = static_cast<double>(std::max<int64_t>(network.units, 1));
  const auto outputs =
      static_cast<double>(std::max<int64_t>(network.outputs, 1));
  // Labels may leave numbers out: no more modules than units.
  const int64_t asked = NumAsked(spec, inputs);
  const auto modules = static_cast<double>(
      asked > 0 ? asked
                : std::max<int64_t>(MostModules(inputs, network.units), 1));
  const auto count = static_cast<double>(trials.count);
  const double repeats = spec.repeats();
  // Ends of the trials of a repeat, twice when given; each thread's lesioned
  // readout, outputs of a stretch of trials, choices and drawn units; the
  // accuracies and what leaves.
  return trials.bytes + count * (16 * units + 16) +
         kMaxLesionThreads *
             (8 * units * (outputs + 2) + 8192 * outputs + 4 * count) +
         16 * (modules + 1) * static_cast<double>(trials.types) *
             (repeats + 4) +
         2.0 * static_cast<double>(network.bytes());
}

absl::StatusOr<Plan> PlanOutputLesion(v1::Spec& spec,
                                      const InputInfos& inputs) {
  v1::OutputLesionSpec& lesion = *spec.mutable_output_lesion();
  MODBOUND_RETURN_IF_ERROR(ResolveDynamics(inputs, lesion));
  MODBOUND_ASSIGN_OR_RETURN(const Trials trials, ResolveTrials(inputs, lesion));
  MODBOUND_RETURN_IF_ERROR(CheckModules(lesion, inputs));
  const int64_t asked = NumAsked(lesion, inputs);
  const int64_t M = asked > 0 ? asked : -1;
  const int64_t R = lesion.repeats();
  const int64_t types = trials.types;
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {{"accuracy", f8, {M, types, R}, {"module", "type", "repeat"}},
                  {"intact_accuracy", f8, {types, R}, {"type", "repeat"}},
                  {"control_accuracy",
                   f8,
                   {lesion.controls() > 0 ? M : 0, types},
                   {"module", "type"}},
                  {"t", f8, {M}, {"module"}},
                  {"p", f8, {M}, {"module"}},
                  {"t_change", f8, {M, types}, {"module", "type"}},
                  {"p_change", f8, {M, types}, {"module", "type"}},
                  {"modules", v1::DType::INT32, {M}, {"module"}}};
  for (PlannedOutput& output : plan.outputs) {
    output.most_extent =
        M < 0 ? MostModules(inputs, NetworkShapeOf(inputs).units) : 0;
  }
  plan.max_threads = kMaxLesionThreads;
  plan.memory_bytes = BytesOf(MemoryOf(lesion, inputs, trials));
  return plan;
}

absl::StatusOr<OutputLesion> Compute(const v1::OutputLesionSpec& spec,
                                     const Network& network,
                                     const InputArrays& inputs,
                                     const Execution& execution) {
  OutputLesionOptions options;
  options.repeats = spec.repeats();
  options.modules.assign(spec.modules().begin(), spec.modules().end());
  if (const auto roles = inputs.find("ranked_modules"); roles != inputs.end()) {
    options.modules = roles->second.ToLabels();
  }
  options.controls = spec.controls();
  options.seed = spec.seed();
  const Labels labels = inputs.at("labels").ToLabels();
  if (inputs.count("input_sequence") == 0) {
    MODBOUND_ASSIGN_OR_RETURN(const Task task, TaskOf(spec, spec.dt()));
    options.trial_types = task.trial_types();
    return ComputeOutputLesion(
        network,
        labels,
        TrialsOfTask(network, task, spec.trials(), spec.seed()),
        options,
        execution);
  }
  options.trial_types = kSequenceTypes;
  MODBOUND_ASSIGN_OR_RETURN(
      const TrialEnds ends,
      EndsOfSequence(network,
                     inputs.at("input_sequence").ToMatrix(),
                     inputs.at("ground_truth").ToLabels(),
                     execution));
  const TrialSource source = [&ends](int64_t, const Execution&) {
    return absl::StatusOr<TrialEnds>(ends);
  };
  return ComputeOutputLesion(network, labels, source, options, execution);
}

// Mean of what is a number; NaN without any.
double MeanOfNumbers(const Eigen::Ref<const Eigen::RowVectorXd>& values) {
  double sum = 0;
  int64_t count = 0;
  for (const double value : values) {
    if (!std::isnan(value)) {
      sum += value;
      ++count;
    }
  }
  return count > 0 ? sum / static_cast<double>(count) : std::nan("");
}

void FillSummary(const OutputLesion& result, v1::OutputLesionSummary& summary) {
  const Eigen::Index types = result.intact_accuracy.rows();
  for (Eigen::Index type = 0; type < types; ++type) {
    summary.add_intact_accuracy(
        MeanOfNumbers(result.intact_accuracy.row(type)));
  }
  for (std::size_t m = 0; m < result.modules.size(); ++m) {
    const auto row = static_cast<Eigen::Index>(m);
    auto* module = summary.add_modules();
    module->set_module(result.modules[m]);
    module->set_size(result.sizes[m]);
    for (Eigen::Index type = 0; type < types; ++type) {
      module->add_accuracy(
          MeanOfNumbers(result.accuracy.row(row * types + type)));
    }
    module->set_t(result.t(row));
    module->set_p(result.p(row));
    module->set_zero_variance(result.zero_variance[m]);
  }
}

// Refusals of `modules` name the input that they came from.
absl::Status NamingRoles(const absl::Status& status,
                         const InputArrays& inputs) {
  return FieldOf(status) == "modules" && inputs.count("ranked_modules") > 0
             ? MakeError(status.code(),
                         ReasonOf(status),
                         "inputs.ranked_modules",
                         std::string(status.message()))
             : status;
}

// Of role `row`, one network a value: the mean over repeats of `accuracy` where
// there are trials of the type.
Vector MeansOfNetworks(const HostArray& accuracy, int64_t row, int64_t rows) {
  const int64_t networks = accuracy.shape()[0];
  const int64_t repeats = accuracy.shape().back();
  Vector means(networks);
  Eigen::RowVectorXd values(repeats);
  for (int64_t network = 0; network < networks; ++network) {
    for (int64_t repeat = 0; repeat < repeats; ++repeat) {
      values(repeat) = accuracy.At((network * rows + row) * repeats + repeat);
    }
    means(network) = MeanOfNumbers(values);
  }
  return means;
}

// Across networks whose modules are matched by role.
absl::Status TestLesions(const InputInfos& inputs,
                         const std::map<std::string, HostArray>& outputs,
                         v1::Summary& summary) {
  if (!HasRoles(inputs)) {
    return absl::OkStatus();
  }
  const HostArray& accuracy = outputs.at("accuracy");
  const int64_t roles = accuracy.shape()[1];
  const int64_t types = accuracy.shape()[2];
  for (int64_t role = 0; role < roles; ++role) {
    const auto lesioned = [&](int64_t type) {
      return MeansOfNetworks(accuracy, role * types + type, roles * types);
    };
    const std::string name = absl::StrCat("role_", role);
    MODBOUND_RETURN_IF_ERROR(AddNetworkTest(name + ".types",
                                            lesioned(0),
                                            lesioned(1),
                                            SampleTest::kStudent,
                                            summary));
    for (int64_t type = 0; type < types; ++type) {
      MODBOUND_RETURN_IF_ERROR(AddNetworkTest(
          absl::StrCat(name, ".change.", type),
          lesioned(type),
          MeansOfNetworks(outputs.at("intact_accuracy"), type, types),
          SampleTest::kStudent,
          summary));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> RunOutputLesion(const v1::Spec& spec,
                                        const InputArrays& inputs,
                                        const Execution& execution) {
  const v1::OutputLesionSpec& lesion = spec.output_lesion();
  MODBOUND_ASSIGN_OR_RETURN(const Network network,
                            NetworkOf(inputs, DynamicsOf(lesion)));
  const absl::StatusOr<OutputLesion> computed =
      Compute(lesion, network, inputs, execution);
  MODBOUND_RETURN_IF_ERROR(NamingRoles(computed.status(), inputs));
  const OutputLesion& result = *computed;
  const auto M = static_cast<int64_t>(result.modules.size());
  const int64_t types = result.intact_accuracy.rows();
  const int64_t R = result.intact_accuracy.cols();
  Outcome outcome;
  FillSummary(result, *outcome.summary.mutable_output_lesion());
  auto& outputs = outcome.outputs;
  outputs["accuracy"] = HostArray::FromDoubles(
      {result.accuracy.data(), result.accuracy.data() + result.accuracy.size()},
      {M, types, R},
      {"module", "type", "repeat"});
  outputs["intact_accuracy"] =
      HostArray::FromMatrix(result.intact_accuracy, {"type", "repeat"});
  outputs["control_accuracy"] =
      result.control_accuracy.size() > 0
          ? HostArray::FromMatrix(result.control_accuracy, {"module", "type"})
          : HostArray(v1::DType::FLOAT64, {0, types}, {"module", "type"});
  outputs["t"] = HostArray::FromVector(result.t, {"module"});
  outputs["p"] = HostArray::FromVector(result.p, {"module"});
  outputs["t_change"] =
      HostArray::FromMatrix(result.t_change, {"module", "type"});
  outputs["p_change"] =
      HostArray::FromMatrix(result.p_change, {"module", "type"});
  outputs["modules"] = HostArray::FromInts(result.modules, {M}, {"module"});
  return outcome;
}

}  // namespace

Analysis OutputLesionAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Analysis analysis;
  analysis.kind = "output_lesion";
  analysis.inputs = NetworkInputRules();
  analysis.inputs.push_back({.name = "labels",
                             .axes = {"N"},
                             .comment = "Modules; -1 = in none.",
                             .labels = true});
  analysis.inputs.push_back(
      {.name = "input_sequence",
       .axes = {"T", "K", "I"},
       .comment = "Inputs of given trials instead of a task.",
       .optional = true});
  analysis.inputs.push_back({.name = "ground_truth",
                             .axes = {"K"},
                             .comment = "Type of each given trial, 0 or 1.",
                             .optional = true});
  analysis.inputs.push_back(
      {.name = "ranked_modules",
       .axes = {"R"},
       .comment = "Modules to lesion by role, of selectivity; -1 = none.",
       .optional = true,
       .labels = true});
  analysis.outputs = {
      {"accuracy",
       {"module", "type", "repeat"},
       f8,
       "Fraction right under the lesion; NaN without trials."},
      {"intact_accuracy",
       {"type", "repeat"},
       f8,
       "Fraction right, intact; NaN without trials."},
      {"control_accuracy",
       {"module", "type"},
       f8,
       "Mean over random unit sets of the module's size; NaN without trials."},
      {"t",
       {"module"},
       f8,
       "Type 0 against type 1 under the lesion; NaN without variance."},
      {"p", {"module"}, f8, "Its two-sided p; NaN where t is."},
      {"t_change",
       {"module", "type"},
       f8,
       "Lesion against intact; NaN where both samples have no variance."},
      {"p_change", {"module", "type"}, f8, "Its two-sided p; NaN where t is."},
      {"modules", {"module"}, v1::DType::INT32, "Labels of the first axis."}};
  analysis.example_spec =
      R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "repeats": 20})";
  analysis.plan = PlanOutputLesion;
  analysis.run = RunOutputLesion;
  analysis.test_networks = TestLesions;
  return analysis;
}

}  // namespace modbound
