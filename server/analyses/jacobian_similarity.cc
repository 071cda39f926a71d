#include "core/dynamics/jacobian_similarity.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/dynamics/jacobian.h"
#include "core/modules/optimiser.h"
#include "core/modules/similarity.h"
#include "core/tasks/run_task.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

constexpr int32_t kDefaultTrials = 100;
constexpr int32_t kDefaultJacobianTrials = 3;
constexpr int kMaxThreads = 64;
constexpr const char* kSquare[] = {"jacobian",
                                   "similarity",
                                   "similarity_flow",
                                   "similarity_weights",
                                   "correlation"};

bool Has(const InputInfos& inputs, const std::string& name) {
  return inputs.count(name) > 0;
}

absl::Status Contradiction(const std::string& field, const std::string& why) {
  return Refuse(reason::kContradiction, field, absl::StrCat(field, why));
}

// Fills the mode; states and inputs go with GIVEN_STATES and with each other.
absl::Status ResolveMode(const InputInfos& inputs,
                         v1::JacobianSimilaritySpec& spec) {
  const bool has_states = Has(inputs, "states");
  if (!spec.has_mode()) {
    spec.set_mode(has_states ? v1::JacobianMode::GIVEN_STATES
                             : v1::JacobianMode::TRAJECTORY);
  }
  const bool given = spec.mode() == v1::JacobianMode::GIVEN_STATES;
  for (const char* name : {"states", "inputs"}) {
    const std::string field = absl::StrCat("inputs.", name);
    if (given && !Has(inputs, name)) {
      return Refuse(reason::kMissingField,
                    field,
                    field +
                        " is missing; mode GIVEN_STATES needs states and "
                        "inputs");
    }
    if (!given && Has(inputs, name)) {
      return Contradiction(field, " is given, but mode is TRAJECTORY");
    }
  }
  if (given && spec.has_jacobian_trials()) {
    return Contradiction("jacobian_trials",
                         " is set, but mode is GIVEN_STATES");
  }
  if ((given || Has(inputs, "activity")) && spec.has_trials()) {
    return Contradiction("trials",
                         " is set, but the correlation matrix comes from the "
                         "given activity or states");
  }
  return absl::OkStatus();
}

// Rows of the array that the correlation comes from must be two at least.
absl::Status RequireRows(const InputInfos& inputs) {
  const char* name = Has(inputs, "activity") ? "activity" : "states";
  if (!Has(inputs, name) || inputs.at(name).shape[0] != 1) {
    return absl::OkStatus();
  }
  const std::string field = absl::StrCat("inputs.", name);
  return Refuse(reason::kDegenerate,
                field,
                field + " has one row; a correlation needs at least 2");
}

// Bytes of the trials that are run: in all, and of each thread.
struct TrialBytes {
  double shared = 0;
  double thread = 0;
};

// Fills the numbers of trials.
absl::StatusOr<TrialBytes> ResolveTrials(const InputInfos& inputs,
                                         int64_t units,
                                         v1::JacobianSimilaritySpec& spec) {
  MODBOUND_ASSIGN_OR_RETURN(const Task task, ResolveTask(inputs, spec));
  if (!spec.has_jacobian_trials()) {
    spec.set_jacobian_trials(kDefaultJacobianTrials);
  }
  TrialBytes bytes;
  bytes.thread = TaskThreadBytes(task, units);
  bytes.shared = 2 * RunTaskBytes(task, units, spec.jacobian_trials(), true, 0);
  if (!Has(inputs, "activity")) {
    if (!spec.has_trials()) {
      spec.set_trials(kDefaultTrials);
    }
    // The correlation makes centred copies of the activity.
    bytes.shared += RunTaskBytes(task, units, spec.trials(), true, 0) +
                    16.0 * static_cast<double>(spec.trials()) *
                        static_cast<double>(task.max_steps()) *
                        static_cast<double>(units);
  }
  return bytes;
}

// An input, and twice as doubles.
double GivenBytes(const InputInfos& inputs, const std::string& name) {
  return InputBytes(inputs, name) + 16 * ElementsOf(inputs, name);
}

absl::StatusOr<Plan> PlanJacobianSimilarity(v1::Spec& spec,
                                            const InputInfos& inputs) {
  v1::JacobianSimilaritySpec& jacobian = *spec.mutable_jacobian_similarity();
  MODBOUND_RETURN_IF_ERROR(ResolveDynamics(inputs, jacobian));
  MODBOUND_RETURN_IF_ERROR(ResolveMode(inputs, jacobian));
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(jacobian.quality()));
  MODBOUND_RETURN_IF_ERROR(RequireRows(inputs));
  MODBOUND_RETURN_IF_ERROR(CheckOutputNames(
      jacobian.outputs(), {std::begin(kSquare), std::end(kSquare)}));
  const NetworkShape network = NetworkShapeOf(inputs);
  const int64_t N = network.units;
  if (N == 1) {
    return Refuse(reason::kDegenerate,
                  "inputs.w_rec",
                  "the network has one unit; at least 2 are needed");
  }
  TrialBytes trials;
  if (jacobian.mode() == v1::JacobianMode::TRAJECTORY) {
    MODBOUND_ASSIGN_OR_RETURN(
        trials, ResolveTrials(inputs, std::max<int64_t>(N, 1), jacobian));
  }
  Plan plan;
  plan.outputs = {{"labels", v1::DType::INT32, {N}, {"unit"}},
                  {"null",
                   v1::DType::FLOAT64,
                   {kJacobianParts, jacobian.null_count()},
                   {"part", "draw"}}};
  for (const char* name : kSquare) {
    if (MakesSquareOutput(N, jacobian.outputs(), name)) {
      plan.outputs.push_back(
          {name, v1::DType::FLOAT64, {N, N}, {"unit", "unit"}});
    }
  }
  plan.max_threads = kMaxThreads;
  const auto n = static_cast<double>(std::max<int64_t>(N, 0));
  // Five matrices, each with the copy that leaves, and what a partition holds;
  // given arrays.
  plan.memory_bytes =
      BytesOf(trials.shared + 8 * 16 * n * n + GivenBytes(inputs, "activity") +
              GivenBytes(inputs, "states") + GivenBytes(inputs, "inputs") +
              8 * kJacobianParts * 2.0 * jacobian.null_count() +
              2.0 * static_cast<double>(network.bytes()));
  plan.thread_bytes =
      BytesOf(std::max(trials.thread,
                       static_cast<double>(OptimiserWorkBytes(
                           Algorithm::kLeiden, static_cast<int64_t>(n)))));
  return plan;
}

// What the Jacobian and the correlation matrix are made of.
struct Material {
  Vector gain;
  Matrix activity;
  int64_t states = 0;
};

absl::StatusOr<Material> FromTrials(const v1::JacobianSimilaritySpec& spec,
                                    const Network& network,
                                    const InputArrays& inputs,
                                    const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Task task, TaskOf(spec, spec.dt()));
  TaskRunOptions options;
  options.seed = spec.seed();
  options.purpose = RandomPurpose::kJacobianTrials;
  options.trials = spec.jacobian_trials();
  Material material;
  MODBOUND_ASSIGN_OR_RETURN(
      TaskRun run,
      RunTask(network, task, options, ForPart(execution, "jacobian")));
  MODBOUND_ASSIGN_OR_RETURN(material.gain,
                            MeanGain(network,
                                     StatesBefore(run.activity, run.first_rows),
                                     run.inputs,
                                     execution));
  material.states = run.activity.rows();
  if (inputs.count("activity") > 0) {
    material.activity = inputs.at("activity").ToMatrix();
    return material;
  }
  options.purpose = RandomPurpose::kSimulationTrials;
  options.trials = spec.trials();
  MODBOUND_ASSIGN_OR_RETURN(
      run, RunTask(network, task, options, ForPart(execution, "activity")));
  material.activity = std::move(run.activity);
  return material;
}

absl::StatusOr<Material> FromStates(const Network& network,
                                    const InputArrays& inputs,
                                    const Execution& execution) {
  const Matrix states = inputs.at("states").ToMatrix();
  Material material;
  MODBOUND_ASSIGN_OR_RETURN(
      material.gain,
      MeanGain(network, states, inputs.at("inputs").ToMatrix(), execution));
  material.states = states.rows();
  material.activity =
      inputs.count("activity") > 0 ? inputs.at("activity").ToMatrix() : states;
  return material;
}

void FillComparison(const JacobianSimilarity& result,
                    JacobianPart part,
                    v1::JacobianSimilaritySummary::Comparison& summary) {
  const auto at = static_cast<std::size_t>(part);
  const MatrixComparison& comparison = result.comparison[at];
  summary.set_r(comparison.r);
  summary.set_p(comparison.p);
  summary.set_induced_quality(comparison.induced.quality);
  if (comparison.induced.z.has_value()) {
    summary.set_z(*comparison.induced.z);
  }
  if (comparison.induced.p.has_value()) {
    summary.set_induced_p(*comparison.induced.p);
  }
  const Labels& labels = result.labels[at];
  summary.set_num_modules(*std::max_element(labels.begin(), labels.end()) + 1);
  summary.set_r_all_units(comparison.r_all_units);
  summary.set_induced_quality_all_units(comparison.induced_quality_all_units);
}

HostArray NullArray(const JacobianSimilarity& result) {
  const Eigen::Index draws = result.comparison[0].induced.null.size();
  Matrix null(kJacobianParts, draws);
  for (int part = 0; part < kJacobianParts; ++part) {
    null.row(part) =
        result.comparison[static_cast<std::size_t>(part)].induced.null;
  }
  return HostArray::FromMatrix(null, {"part", "draw"});
}

absl::StatusOr<Outcome> RunJacobianSimilarity(const v1::Spec& spec,
                                              const InputArrays& inputs,
                                              const Execution& execution) {
  const v1::JacobianSimilaritySpec& jacobian = spec.jacobian_similarity();
  MODBOUND_ASSIGN_OR_RETURN(const Network network,
                            NetworkOf(inputs, DynamicsOf(jacobian)));
  MODBOUND_ASSIGN_OR_RETURN(
      const Material material,
      jacobian.mode() == v1::JacobianMode::GIVEN_STATES
          ? FromStates(network, inputs, execution)
          : FromTrials(jacobian, network, inputs, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      const SimilarityMatrix correlation,
      CorrelationOfColumns(material.activity, ForPart(execution, "activity")));
  JacobianSimilarityOptions options;
  options.partition.quality.function = ToCore(jacobian.quality());
  options.null_count = jacobian.null_count();
  options.seed = jacobian.seed();
  MODBOUND_ASSIGN_OR_RETURN(
      const JacobianSimilarity result,
      ComputeJacobianSimilarity(
          network, material.gain, correlation, options, execution));

  Outcome outcome;
  v1::JacobianSimilaritySummary* summary =
      outcome.summary.mutable_jacobian_similarity();
  FillComparison(result, JacobianPart::kStep, *summary->mutable_step());
  FillComparison(result, JacobianPart::kFlow, *summary->mutable_flow());
  FillComparison(result, JacobianPart::kWeights, *summary->mutable_weights());
  summary->set_active_units(result.active_units);
  summary->set_num_states(material.states);
  const bool flow = jacobian.derivative() == v1::Derivative::FLOW;
  outcome.outputs["labels"] =
      HostArray::FromLabels(result.labels[flow ? 1 : 0], {"unit"});
  outcome.outputs["null"] = NullArray(result);
  const Matrix* const square[] = {&result.jacobian,
                                  &result.similarity[0].values,
                                  &result.similarity[1].values,
                                  &result.similarity[2].values,
                                  &correlation.values};
  for (std::size_t i = 0; i < std::size(kSquare); ++i) {
    if (MakesSquareOutput(network.units(), jacobian.outputs(), kSquare[i])) {
      outcome.outputs[kSquare[i]] =
          HostArray::FromMatrix(*square[i], {"unit", "unit"});
    }
  }
  return outcome;
}

}  // namespace

Analysis JacobianSimilarityAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Analysis analysis;
  analysis.kind = "jacobian_similarity";
  analysis.inputs = NetworkInputRules();
  analysis.inputs.push_back(
      {.name = "states",
       .axes = {"S", "N"},
       .comment = "States before the step, for GIVEN_STATES.",
       .optional = true,
       .steps = true});
  analysis.inputs.push_back({.name = "inputs",
                             .axes = {"S", "I"},
                             .comment = "Input of the step from each state.",
                             .optional = true,
                             .steps = true});
  analysis.inputs.push_back(
      {.name = "activity",
       .axes = {"T", "N"},
       .comment = "Activity whose correlation matrix is compared.",
       .optional = true,
       .steps = true});
  analysis.outputs = {
      {"jacobian", {"unit", "unit"}, f8, "Mean J = dr(t+1)/dr(t)."},
      {"similarity", {"unit", "unit"}, f8, "Cosine of rows of J."},
      {"similarity_flow", {"unit", "unit"}, f8, "Cosine of rows of J - I."},
      {"similarity_weights", {"unit", "unit"}, f8, "Cosine of rows of W_rec."},
      {"correlation", {"unit", "unit"}, f8, "Correlation of the activity."},
      {"labels",
       {"unit"},
       v1::DType::INT32,
       "Modules of the matrix that derivative picks; -1 = zero row."},
      {"null",
       {"part", "draw"},
       f8,
       "Induced quality under permuted labels: step, flow, weights; NaN where "
       "that of the matrix is."}};
  analysis.example_spec =
      R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "null_count": 1000})";
  analysis.ensemble_tests = {
      "step.r", "step.z", "flow.r", "flow.z", "weights.r", "weights.z"};
  analysis.plan = PlanJacobianSimilarity;
  analysis.run = RunJacobianSimilarity;
  return analysis;
}

}  // namespace modbound
