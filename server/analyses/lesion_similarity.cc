#include "core/lesions/lesion_similarity.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/optimiser.h"
#include "core/tasks/run_task.h"
#include "server/analyses/analysis.h"
#include "server/analyses/intervention_spec.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/network_inputs.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

constexpr int32_t kActivityTrials = 100;
constexpr int kMaxGridThreads = 64;

bool HasActivity(const InputInfos& inputs) {
  return inputs.count("activity") > 0;
}

// Time points of the activity, and the bytes of making it.
struct ActivityPlan {
  double rows = 0;
  double bytes = 0;
  double thread_bytes = 0;  // of each thread that makes it
};

// A task makes the activity and the constant input; where both are given it is
// not needed, and then not asked for.
absl::StatusOr<ActivityPlan> ResolveActivity(const InputInfos& inputs,
                                             int64_t units,
                                             v1::LesionSimilaritySpec& spec) {
  if (HasActivity(inputs) && spec.has_trials()) {
    return Refuse(reason::kContradiction,
                  "trials",
                  "trials is set, but activity is given");
  }
  ActivityPlan plan;
  if (HasActivity(inputs)) {
    plan.rows = static_cast<double>(
        std::max<int64_t>(inputs.at("activity").shape[0], 0));
  }
  if (HasActivity(inputs) && !spec.input().empty() && !NamesTask(spec)) {
    return plan;
  }
  MODBOUND_ASSIGN_OR_RETURN(const Task task, ResolveTask(inputs, spec));
  if (spec.input().empty() && spec.tasks_size() > 0) {
    return Refuse(reason::kMissingField,
                  "input",
                  "input is missing; it is the constant input of one task, and "
                  "tasks are several: write it, one value a channel");
  }
  if (spec.input().empty()) {
    const Vector input = task.ConstantInput();
    spec.mutable_input()->Assign(input.data(), input.data() + input.size());
  }
  if (HasActivity(inputs)) {
    return plan;
  }
  if (!spec.has_trials()) {
    spec.set_trials(kActivityTrials);
  }
  plan.rows = static_cast<double>(spec.trials()) *
              static_cast<double>(task.max_steps());
  plan.bytes = RunTaskBytes(task, units, spec.trials(), true, 0);
  plan.thread_bytes = TaskThreadBytes(task, units);
  return plan;
}

absl::Status CheckSpec(const v1::LesionSimilaritySpec& spec,
                       const NetworkShape& network) {
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(spec.quality()));
  if (network.inputs >= 0 && spec.input_size() != network.inputs) {
    return Refuse(reason::kWrongShape,
                  "input",
                  absl::StrCat("input has ",
                               spec.input_size(),
                               " values; the network has ",
                               network.inputs,
                               " inputs"));
  }
  if (network.units == 1) {
    return Refuse(reason::kDegenerate,
                  "inputs.w_rec",
                  "the network has one unit; at least 2 are needed");
  }
  return CheckOutputNames(spec.outputs(), {"similarity"});
}

absl::StatusOr<Plan> PlanLesionSimilarity(v1::Spec& spec,
                                          const InputInfos& inputs) {
  v1::LesionSimilaritySpec& lesion = *spec.mutable_lesion_similarity();
  const NetworkShape network = NetworkShapeOf(inputs);
  MODBOUND_RETURN_IF_ERROR(ResolveDynamics(inputs, lesion));
  MODBOUND_RETURN_IF_ERROR(RequireTimePoints(inputs));
  MODBOUND_ASSIGN_OR_RETURN(
      const ActivityPlan activity,
      ResolveActivity(inputs, std::max<int64_t>(network.units, 1), lesion));
  MODBOUND_RETURN_IF_ERROR(CheckSpec(lesion, network));
  const int64_t N = network.units;
  const int64_t g = lesion.grid();
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {{"states", f8, {g * g, N}, {"state", "unit"}},
                  {"stepped", f8, {g * g, N}, {"state", "unit"}},
                  {"flow_distance", f8, {g * g, N}, {"state", "unit"}},
                  {"valid", v1::DType::BOOL, {N}, {"unit"}},
                  {"components", f8, {2, N}, {"component", "unit"}},
                  {"mean", f8, {N}, {"unit"}},
                  {"grid_axes", f8, {2, g}, {"component", "position"}}};
  if (MakesSquareOutput(N, lesion.outputs(), "similarity")) {
    plan.outputs.push_back({"similarity", f8, {N, N}, {"unit", "unit"}});
  }
  plan.max_threads = kMaxGridThreads;
  const auto n = static_cast<double>(std::max<int64_t>(N, 0));
  const double states = static_cast<double>(g) * static_cast<double>(g);
  // States, steps, distances, their centred copy, and what leaves; similarity,
  // correlation, W_rec's columns and what partition and null hold; the activity
  // and two centred copies of it.
  plan.memory_bytes = BytesOf(
      activity.bytes +
      8 * (8 * states * n + 12 * n * n + 4 * activity.rows * n) +
      16.0 * lesion.null_count() + 2.0 * static_cast<double>(network.bytes()));
  plan.thread_bytes =
      BytesOf(std::max(activity.thread_bytes,
                       static_cast<double>(OptimiserWorkBytes(
                           Algorithm::kLeiden, std::max<int64_t>(N, 0)))));
  return plan;
}

absl::StatusOr<Matrix> ActivityOf(const v1::LesionSimilaritySpec& spec,
                                  const Network& network,
                                  const InputArrays& inputs,
                                  const Execution& execution) {
  if (inputs.count("activity") > 0) {
    return inputs.at("activity").ToMatrix();
  }
  MODBOUND_ASSIGN_OR_RETURN(const Task task, TaskOf(spec, spec.dt()));
  TaskRunOptions options;
  options.trials = spec.trials();
  options.seed = spec.seed();
  MODBOUND_ASSIGN_OR_RETURN(TaskRun run,
                            RunTask(network, task, options, execution));
  return std::move(run.activity);
}

LesionSimilarityOptions OptionsOf(const v1::LesionSimilaritySpec& spec) {
  LesionSimilarityOptions options;
  options.grid = spec.grid();
  options.margin = spec.margin();
  options.scope = ScopeOf(spec.scope());
  options.partition.quality.function = ToCore(spec.quality());
  options.null_count = spec.null_count();
  options.seed = spec.seed();
  return options;
}

HostArray FlagArray(const std::vector<uint8_t>& flags) {
  HostArray array(
      v1::DType::BOOL, {static_cast<int64_t>(flags.size())}, {"unit"});
  for (std::size_t i = 0; i < flags.size(); ++i) {
    array.mutable_data()[i] = std::byte{flags[i] != 0};
  }
  return array;
}

void FillSummary(const LesionSimilarity& result,
                 v1::LesionSimilaritySummary& summary) {
  const MatrixComparison& comparison = result.comparison;
  summary.set_r(comparison.r);
  summary.set_p(comparison.p);
  summary.set_induced_quality(comparison.induced.quality);
  if (comparison.induced.z.has_value()) {
    summary.set_z(*comparison.induced.z);
  }
  if (comparison.induced.p.has_value()) {
    summary.set_induced_p(*comparison.induced.p);
  }
  summary.set_r_all_units(comparison.r_all_units);
  summary.set_induced_quality_all_units(comparison.induced_quality_all_units);
  const auto& valid = result.similarity.valid;
  summary.set_valid_units(
      std::accumulate(valid.begin(), valid.end(), int64_t{0}));
}

absl::StatusOr<Outcome> RunLesionSimilarity(const v1::Spec& spec,
                                            const InputArrays& inputs,
                                            const Execution& execution) {
  const v1::LesionSimilaritySpec& lesion = spec.lesion_similarity();
  MODBOUND_ASSIGN_OR_RETURN(const Network network,
                            NetworkOf(inputs, DynamicsOf(lesion)));
  MODBOUND_ASSIGN_OR_RETURN(const Matrix activity,
                            ActivityOf(lesion, network, inputs, execution));
  const Vector input =
      Eigen::Map<const Vector>(lesion.input().data(), lesion.input_size());
  MODBOUND_ASSIGN_OR_RETURN(
      const LesionSimilarity result,
      ComputeLesionSimilarity(
          network, activity, input, OptionsOf(lesion), execution));
  Outcome outcome;
  FillSummary(result, *outcome.summary.mutable_lesion_similarity());
  auto& outputs = outcome.outputs;
  outputs["states"] =
      HostArray::FromMatrix(result.grid.states, {"state", "unit"});
  outputs["stepped"] = HostArray::FromMatrix(result.stepped, {"state", "unit"});
  outputs["flow_distance"] =
      HostArray::FromMatrix(result.flow_distance, {"state", "unit"});
  outputs["valid"] = FlagArray(result.similarity.valid);
  outputs["components"] =
      HostArray::FromMatrix(result.pca.components, {"component", "unit"});
  outputs["mean"] = HostArray::FromVector(result.pca.mean, {"unit"});
  outputs["grid_axes"] =
      HostArray::FromMatrix(result.grid.axes, {"component", "position"});
  if (MakesSquareOutput(network.units(), lesion.outputs(), "similarity")) {
    outputs["similarity"] =
        HostArray::FromMatrix(result.similarity.values, {"unit", "unit"});
  }
  return outcome;
}

}  // namespace

Analysis LesionSimilarityAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Analysis analysis;
  analysis.kind = "lesion_similarity";
  analysis.inputs = NetworkInputRules();
  analysis.inputs.push_back(
      {.name = "activity",
       .axes = {"T", "N"},
       .comment = "Activity that the grid spans; else trials are run.",
       .optional = true,
       .steps = true});
  analysis.outputs = {
      {"states", {"state", "unit"}, f8, "Grid states, state grid a + b."},
      {"stepped", {"state", "unit"}, f8, "One step later, intact network."},
      {"flow_distance",
       {"state", "unit"},
       f8,
       "Distance of the steps with and without the unit."},
      {"similarity", {"unit", "unit"}, f8, "Pearson r of flow distances."},
      {"valid", {"unit"}, v1::DType::BOOL, "Whether the distance varies."},
      {"components", {"component", "unit"}, f8, "First two of the activity."},
      {"mean", {"unit"}, f8, "Mean activity."},
      {"grid_axes", {"component", "position"}, f8, "Scores of the grid."}};
  analysis.example_spec =
      R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "scope": "ALL"})";
  analysis.ensemble_tests = {"r", "z"};
  analysis.plan = PlanLesionSimilarity;
  analysis.run = RunLesionSimilarity;
  return analysis;
}

}  // namespace modbound
