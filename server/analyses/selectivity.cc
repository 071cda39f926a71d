#include "core/representation/selectivity.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/registry.h"
#include "server/analyses/task_spec.h"

namespace modbound {
namespace {

constexpr char kPrefix[] = "variables/";

// Names without the prefix, in alphabetical order: inputs are an ordered map.
template <typename Map>
std::vector<std::string> VariableNames(const Map& inputs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : inputs) {
    if (name.rfind(kPrefix, 0) == 0) {
      names.push_back(name.substr(sizeof(kPrefix) - 1));
    }
  }
  return names;
}

absl::StatusOr<Plan> PlanSelectivity(v1::Spec& /*spec*/,
                                     const InputInfos& inputs) {
  MODBOUND_RETURN_IF_ERROR(RequireTimePoints(inputs));
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  const int64_t T = inputs.at("activity").shape[0];
  const int64_t N = inputs.at("activity").shape[1];
  // Labels may leave numbers out: how many modules there are shows the run.
  const int64_t M = -1;
  const int64_t most_modules =
      std::clamp<int64_t>(NumModulesOf(inputs), 1, std::max<int64_t>(N, 1));
  const auto V = static_cast<int64_t>(VariableNames(inputs).size());
  const auto outputs = inputs.find("outputs");
  const int64_t O = outputs == inputs.end() ? 0 : outputs->second.shape[1];
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {{"r", f8, {M, V}, {"module", "variable"}},
                  {"p", f8, {M, V}, {"module", "variable"}},
                  {"output_r", f8, {M, O}, {"module", "output"}},
                  {"output_p", f8, {M, O}, {"module", "output"}},
                  {"ranked_modules", v1::DType::INT32, {2}, {"role"}}};
  for (PlannedOutput& output : plan.outputs) {
    output.most_extent = O < 0 ? 0 : MostModules(inputs, N);
  }
  const auto t = static_cast<double>(std::max<int64_t>(T, 0));
  const auto m = static_cast<double>(most_modules);
  const auto signals = static_cast<double>(V + std::max<int64_t>(O, 0));
  plan.max_threads = 64;
  plan.memory_bytes =
      BytesOf(8 * (2 * t * static_cast<double>(std::max<int64_t>(N, 0)) +
                   2 * t * m + 3 * t * signals + 4 * m * signals));
  return plan;
}

Matrix VariablesOf(const InputArrays& inputs,
                   const std::vector<std::string>& names) {
  Matrix variables(inputs.at("activity").shape()[0],
                   static_cast<Eigen::Index>(names.size()));
  for (std::size_t v = 0; v < names.size(); ++v) {
    variables.col(static_cast<Eigen::Index>(v)) =
        inputs.at(kPrefix + names[v]).ToVector();
  }
  return variables;
}

std::string RankedByWord(RankedBy ranked_by) {
  switch (ranked_by) {
    case RankedBy::kCumulativeInputs:
      return "cumulative_inputs";
    case RankedBy::kOutputDifference:
      return "output_difference";
    default:
      return "";
  }
}

absl::StatusOr<Outcome> RunSelectivity(const v1::Spec& /*spec*/,
                                       const InputArrays& inputs,
                                       const Execution& execution) {
  const std::vector<std::string> names = VariableNames(inputs);
  SelectivityOptions options;
  const auto named = std::find(names.begin(), names.end(), "cumulative_inputs");
  options.cumulative_inputs = named == names.end() ? -1 : named - names.begin();
  MODBOUND_ASSIGN_OR_RETURN(
      const Selectivity result,
      ComputeSelectivity(inputs.at("activity").ToMatrix(),
                         inputs.at("labels").ToLabels(),
                         VariablesOf(inputs, names),
                         inputs.count("outputs") > 0
                             ? inputs.at("outputs").ToMatrix()
                             : Matrix(),
                         options,
                         execution));
  Outcome outcome;
  const int64_t M = result.r.rows();
  // Without outputs the arrays keep their module axis.
  const auto by_output = [M](const Matrix& values) {
    return values.size() > 0
               ? HostArray::FromMatrix(values, {"module", "output"})
               : HostArray(v1::DType::FLOAT64, {M, 0}, {"module", "output"});
  };
  outcome.outputs["r"] =
      HostArray::FromMatrix(result.r, {"module", "variable"});
  outcome.outputs["p"] =
      HostArray::FromMatrix(result.p, {"module", "variable"});
  outcome.outputs["output_r"] = by_output(result.output_r);
  outcome.outputs["output_p"] = by_output(result.output_p);
  outcome.outputs["ranked_modules"] =
      HostArray::FromInts(result.ranked_modules, {2}, {"role"});
  v1::SelectivitySummary* summary = outcome.summary.mutable_selectivity();
  summary->mutable_variables()->Assign(names.begin(), names.end());
  summary->set_num_modules(M);
  summary->set_ranked_by(RankedByWord(result.ranked_by));
  return outcome;
}

}  // namespace

Analysis SelectivityAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Analysis analysis;
  analysis.kind = "selectivity";
  analysis.inputs = {{.name = "activity",
                      .axes = {"T", "N"},
                      .comment = "Activity of units over time.",
                      .steps = true},
                     {.name = "labels",
                      .axes = {"N"},
                      .comment = "Modules; -1 = in none.",
                      .labels = true},
                     {.name = "variables/*",
                      .axes = {"T"},
                      .comment = "Task variables, one or more.",
                      .steps = true},
                     {.name = "outputs",
                      .axes = {"T", "O"},
                      .comment = "Outputs of the network.",
                      .optional = true,
                      .steps = true}};
  analysis.outputs = {
      {"r",
       {"module", "variable"},
       f8,
       "Pearson r of module and variable; NaN where one has no variance."},
      {"p", {"module", "variable"}, f8, "Its two-sided p; NaN where r is."},
      {"output_r",
       {"module", "output"},
       f8,
       "Pearson r of module and output; NaN where one has no variance."},
      {"output_p",
       {"module", "output"},
       f8,
       "Its two-sided p; NaN where r is."},
      {"ranked_modules",
       {"role"},
       v1::DType::INT32,
       "Modules by role; -1 = none."}};
  analysis.example_spec = "{}";
  analysis.plan = PlanSelectivity;
  analysis.run = RunSelectivity;
  return analysis;
}

}  // namespace modbound
