#include "core/representation/reduce.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

absl::Status CheckComponents(const v1::ReduceSpec& reduce,
                             int64_t T,
                             int64_t N) {
  const int64_t most = std::min(T, N);
  if (!reduce.has_components() || most < 0 || reduce.components() <= most) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                "components",
                absl::StrCat("components is ",
                             reduce.components(),
                             "; allowed: 1 to ",
                             most,
                             ", the smaller of time points and units"));
}

absl::StatusOr<Plan> PlanReduce(v1::Spec& spec, const InputInfos& inputs) {
  const v1::ReduceSpec& reduce = spec.reduce();
  const int64_t T = inputs.at("activity").shape[0];
  const int64_t N = inputs.at("activity").shape[1];
  MODBOUND_RETURN_IF_ERROR(RequireTimePoints(inputs));
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  MODBOUND_RETURN_IF_ERROR(CheckComponents(reduce, T, N));
  // Labels may leave numbers out: how many modules there are shows the run.
  const int64_t M = -1;
  const int64_t most_modules =
      std::clamp<int64_t>(NumModulesOf(inputs), 1, std::max<int64_t>(N, 1));
  const int64_t C = reduce.has_components() ? reduce.components() : -1;
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {{"module_activity", f8, {T, M}, {"step", "module"}},
                  {"reconstruction", f8, {T, N}, {"step", "unit"}},
                  {"reconstruction_r_time", f8, {T}, {"step"}},
                  {"reconstruction_r_unit", f8, {N}, {"unit"}},
                  {"components", f8, {C, N}, {"component", "unit"}},
                  {"scores", f8, {T, C}, {"step", "component"}},
                  {"explained_variance", f8, {C}, {"component"}},
                  {"module_component_r", f8, {M, -1}, {"module", "component"}}};
  for (PlannedOutput& output : plan.outputs) {
    // As many components as modules, when they are not given.
    output.most_extent = T < 0 || N < 0 ? 0 : MostModules(inputs, N);
  }
  const auto t = static_cast<double>(std::max<int64_t>(T, 0));
  const auto n = static_cast<double>(std::max<int64_t>(N, 0));
  const auto m = static_cast<double>(most_modules);
  const int64_t components = C >= 0 ? C : most_modules;
  const auto c = static_cast<double>(components);
  plan.max_threads = 64;
  plan.memory_bytes = BytesOf(
      8 * (5 * t * n + 2 * t * m + 2 * c * n + 2 * t * c) +
      PcaBytes(std::max<int64_t>(T, 0), std::max<int64_t>(N, 0), components));
  return plan;
}

absl::StatusOr<Outcome> RunReduce(const v1::Spec& spec,
                                  const InputArrays& inputs,
                                  const Execution& execution) {
  ReduceOptions options;
  options.components = spec.reduce().components();
  MODBOUND_ASSIGN_OR_RETURN(const Reduction reduction,
                            Reduce(inputs.at("activity").ToMatrix(),
                                   inputs.at("labels").ToLabels(),
                                   options,
                                   execution));
  Outcome outcome;
  auto& outputs = outcome.outputs;
  outputs["module_activity"] =
      HostArray::FromMatrix(reduction.module_activity, {"step", "module"});
  outputs["reconstruction"] =
      HostArray::FromMatrix(reduction.reconstruction, {"step", "unit"});
  outputs["reconstruction_r_time"] =
      HostArray::FromVector(reduction.reconstruction_r_time, {"step"});
  outputs["reconstruction_r_unit"] =
      HostArray::FromVector(reduction.reconstruction_r_unit, {"unit"});
  outputs["components"] =
      HostArray::FromMatrix(reduction.pca.components, {"component", "unit"});
  outputs["scores"] =
      HostArray::FromMatrix(reduction.pca.scores, {"step", "component"});
  outputs["explained_variance"] =
      HostArray::FromVector(reduction.pca.explained_variance, {"component"});
  outputs["module_component_r"] = HostArray::FromMatrix(
      reduction.module_component_r, {"module", "component"});
  v1::ReduceSummary* summary = outcome.summary.mutable_reduce();
  summary->set_mean_reconstruction_r(reduction.mean_reconstruction_r);
  summary->set_matched_component_r(reduction.matched_component_r);
  const double total = reduction.pca.total_variance;
  summary->set_explained_variance_ratio(
      total > 0 ? reduction.pca.explained_variance.sum() / total : 0);
  summary->set_num_modules(reduction.module_activity.cols());
  return outcome;
}

}  // namespace

Analysis ReduceAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Analysis analysis;
  analysis.kind = "reduce";
  analysis.inputs = {{.name = "activity",
                      .axes = {"T", "N"},
                      .comment = "Activity of units over time.",
                      .steps = true},
                     {.name = "labels",
                      .axes = {"N"},
                      .comment = "Modules; -1 = in none.",
                      .labels = true}};
  analysis.outputs = {
      {"module_activity",
       {"step", "module"},
       f8,
       "Mean activity of each module."},
      {"reconstruction",
       {"step", "unit"},
       f8,
       "Each unit's module mean; 0 at -1."},
      {"reconstruction_r_time",
       {"step"},
       f8,
       "r of activity and reconstruction across units."},
      {"reconstruction_r_unit",
       {"unit"},
       f8,
       "r of activity and reconstruction over time."},
      {"components",
       {"component", "unit"},
       f8,
       "Principal components, largest loading positive."},
      {"scores", {"step", "component"}, f8, "Activity on the components."},
      {"explained_variance", {"component"}, f8, "Variance of each score."},
      {"module_component_r",
       {"module", "component"},
       f8,
       "|r| of module means and scores."}};
  analysis.example_spec = R"({"components": 3})";
  analysis.plan = PlanReduce;
  analysis.run = RunReduce;
  return analysis;
}

}  // namespace modbound
