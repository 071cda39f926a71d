#include "core/representation/selectivity.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/network_tests.h"
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
  const int64_t most_modules = std::max<int64_t>(MostModules(inputs, N), 1);
  const auto V = static_cast<int64_t>(VariableNames(inputs).size());
  const auto outputs = inputs.find("outputs");
  const int64_t O = outputs == inputs.end() ? 0 : outputs->second.shape[1];
  const DTypeEnum f8 = v1::DType::FLOAT64;
  Plan plan;
  plan.outputs = {{"r", f8, {M, V}, {"module", "variable"}},
                  {"p", f8, {M, V}, {"module", "variable"}},
                  {"output_r", f8, {M, O}, {"module", "output"}},
                  {"output_p", f8, {M, O}, {"module", "output"}},
                  {"ranked_modules", v1::DType::INT32, {2}, {"role"}},
                  {"role_r", f8, {2, V}, {"role", "variable"}},
                  {"role_output_r", f8, {2, O}, {"role", "output"}}};
  for (PlannedOutput& output : plan.outputs) {
    output.most_extent = O < 0 ? 0 : MostModules(inputs, N);
  }
  const auto t = static_cast<double>(std::max<int64_t>(T, 0));
  const auto m = static_cast<double>(most_modules);
  const auto signals = static_cast<double>(V + std::max<int64_t>(O, 0));
  plan.max_threads = 64;
  plan.memory_bytes =
      BytesOf(8 * (2 * t * static_cast<double>(std::max<int64_t>(N, 0)) +
                   2 * t * m + 3 * t * signals + (4 * m + 4) * signals));
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
  const auto by_output = [](const Matrix& values, const char* axis) {
    return values.size() > 0
               ? HostArray::FromMatrix(values, {axis, "output"})
               : HostArray(
                     v1::DType::FLOAT64, {values.rows(), 0}, {axis, "output"});
  };
  outcome.outputs["r"] =
      HostArray::FromMatrix(result.r, {"module", "variable"});
  outcome.outputs["p"] =
      HostArray::FromMatrix(result.p, {"module", "variable"});
  outcome.outputs["output_r"] = by_output(result.output_r, "module");
  outcome.outputs["output_p"] = by_output(result.output_p, "module");
  outcome.outputs["ranked_modules"] =
      HostArray::FromInts(result.ranked_modules, {2}, {"role"});
  outcome.outputs["role_r"] =
      HostArray::FromMatrix(result.role_r, {"role", "variable"});
  outcome.outputs["role_output_r"] = by_output(result.role_output_r, "role");
  v1::SelectivitySummary* summary = outcome.summary.mutable_selectivity();
  summary->mutable_variables()->Assign(names.begin(), names.end());
  summary->set_num_modules(M);
  summary->set_ranked_by(RankedByWord(result.ranked_by));
  return outcome;
}

// One-sample t across networks of each role's r with each signal; `r` is
// (network, role, signal).
absl::Status TestSignals(const HostArray& r,
                         const std::vector<std::string>& signals,
                         v1::Summary& summary) {
  const int64_t networks = r.shape()[0];
  const int64_t roles = r.shape()[1];
  const auto count = static_cast<int64_t>(signals.size());
  Vector sample(networks);
  for (int64_t at = 0; at < roles * count; ++at) {
    for (int64_t network = 0; network < networks; ++network) {
      sample(network) = r.At(network * roles * count + at);
    }
    const std::string& signal = signals[static_cast<std::size_t>(at % count)];
    MODBOUND_RETURN_IF_ERROR(
        AddNetworkTest(absl::StrCat("role_", at / count, ".", signal),
                       sample,
                       Vector(),
                       SampleTest::kOneSample,
                       summary));
  }
  return absl::OkStatus();
}

absl::Status TestSelectivity(const InputInfos& inputs,
                             const std::map<std::string, HostArray>& outputs,
                             v1::Summary& summary) {
  MODBOUND_RETURN_IF_ERROR(
      TestSignals(outputs.at("role_r"), VariableNames(inputs), summary));
  std::vector<std::string> names;
  for (int64_t o = 0; o < outputs.at("role_output_r").shape()[2]; ++o) {
    names.push_back(absl::StrCat("output_", o));
  }
  return TestSignals(outputs.at("role_output_r"), names, summary);
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
       "Modules by role; -1 = none."},
      {"role_r",
       {"role", "variable"},
       f8,
       "r of the module of each role; NaN where there is none."},
      {"role_output_r",
       {"role", "output"},
       f8,
       "output_r of the module of each role; NaN where there is none."}};
  analysis.example_spec = "{}";
  analysis.plan = PlanSelectivity;
  analysis.run = RunSelectivity;
  analysis.test_networks = TestSelectivity;
  return analysis;
}

}  // namespace modbound
