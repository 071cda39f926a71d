#include "core/modules/multilayer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/modules/layer_dynamics.h"
#include "core/modules/optimiser.h"
#include "server/analyses/analysis.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/square_outputs.h"

namespace modbound {
namespace {

constexpr char kAllegiance[] = "allegiance";

absl::StatusOr<Plan> PlanMultilayer(v1::Spec& spec, const InputInfos& inputs) {
  const v1::MultilayerSpec& multilayer = spec.multilayer();
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(multilayer.quality()));
  MODBOUND_RETURN_IF_ERROR(
      CheckOutputNames(multilayer.outputs(), {kAllegiance}));
  const InputInfo& matrices = inputs.at("matrices");
  const int64_t L = matrices.shape[0];
  const int64_t N = std::max(matrices.shape[1], matrices.shape[2]);
  if (L == 1) {
    return Refuse(reason::kWrongShape,
                  "inputs.matrices",
                  "inputs.matrices has one layer; at least 2 are needed");
  }
  // Whether each layer is symmetric is known when it is read.
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrices, multilayer.quality(), /*directed=*/true, "inputs.matrices"));
  const int64_t runs = multilayer.runs();
  Plan plan;
  plan.outputs = {{"labels", v1::DType::INT32, {L, N}, {"layer", "unit"}},
                  {"flexibility", v1::DType::FLOAT64, {N}, {"unit"}},
                  {"promiscuity", v1::DType::FLOAT64, {N}, {"unit"}},
                  {"run_quality", v1::DType::FLOAT64, {runs}, {"run"}}};
  const bool has_allegiance =
      MakesSquareOutput(N, multilayer.outputs(), kAllegiance);
  if (has_allegiance) {
    plan.outputs.push_back(
        {kAllegiance, v1::DType::FLOAT64, {N, N}, {"unit", "unit"}});
  }
  plan.max_threads = ThreadsFor(runs);
  const auto n = static_cast<double>(std::max<int64_t>(N, 0));
  const double nodes = static_cast<double>(std::max<int64_t>(L, 0)) * n;
  // The matrices as they came, all in one, each by itself and as a problem; the
  // matrix of all layers and one layer's part of it; labels of all runs.
  plan.memory_bytes = BytesOf(InputBytes(inputs, "matrices") + 24 * nodes * n +
                              8 * nodes * nodes + 16 * n * n +
                              4 * nodes * static_cast<double>(runs) +
                              (has_allegiance ? 16 * n * n : 0));
  plan.thread_bytes =
      OptimiserWorkBytes(Algorithm::kLeiden, static_cast<int64_t>(nodes));
  return plan;
}

std::vector<Matrix> LayersOf(const HostArray& matrices) {
  const Matrix all = matrices.ToMatrix();
  const Eigen::Index n = all.cols();
  std::vector<Matrix> layers;
  for (Eigen::Index first = 0; first < all.rows(); first += n) {
    layers.emplace_back(all.middleRows(first, n));
  }
  return layers;
}

HostArray LabelsArray(const std::vector<Labels>& layers) {
  std::vector<int32_t> values;
  for (const Labels& layer : layers) {
    values.insert(values.end(), layer.begin(), layer.end());
  }
  return HostArray::FromInts(values,
                             {static_cast<int64_t>(layers.size()),
                              static_cast<int64_t>(layers[0].size())},
                             {"layer", "unit"});
}

absl::StatusOr<Outcome> RunMultilayer(const v1::Spec& spec,
                                      const InputArrays& inputs,
                                      const Execution& execution) {
  const v1::MultilayerSpec& multilayer = spec.multilayer();
  const HostArray& matrices = inputs.at("matrices");
  MultilayerOptions options;
  options.layer = QualityOptionsOf(multilayer, matrices.dtype());
  options.omega = multilayer.omega();
  options.coupling = multilayer.coupling() == v1::Coupling::CATEGORICAL
                         ? LayerCoupling::kCategorical
                         : LayerCoupling::kOrdinal;
  options.runs = multilayer.runs();
  options.seed = multilayer.seed();
  MODBOUND_ASSIGN_OR_RETURN(
      const MultilayerModules modules,
      FindMultilayerModules(LayersOf(matrices), options, execution));
  const Vector flexibility = Flexibility(modules.labels);
  const Vector promiscuity = Promiscuity(modules.labels);
  Outcome outcome;
  v1::MultilayerSummary* summary = outcome.summary.mutable_multilayer();
  summary->set_quality(modules.quality);
  summary->set_num_modules(modules.num_modules);
  summary->set_mean_run_quality(modules.run_quality.mean());
  summary->set_mean_flexibility(flexibility.mean());
  summary->set_mean_promiscuity(promiscuity.mean());
  outcome.outputs["labels"] = LabelsArray(modules.labels);
  outcome.outputs["flexibility"] = HostArray::FromVector(flexibility, {"unit"});
  outcome.outputs["promiscuity"] = HostArray::FromVector(promiscuity, {"unit"});
  outcome.outputs["run_quality"] =
      HostArray::FromVector(modules.run_quality, {"run"});
  if (MakesSquareOutput(
          flexibility.size(), multilayer.outputs(), kAllegiance)) {
    outcome.outputs[kAllegiance] =
        HostArray::FromMatrix(Allegiance(modules.labels), {"unit", "unit"});
  }
  return outcome;
}

}  // namespace

Analysis MultilayerAnalysis() {
  Analysis analysis;
  analysis.kind = "multilayer";
  analysis.inputs = {
      {.name = "matrices",
       .axes = {"L", "N", "N"},
       .comment = "Weights of each layer; symmetric unless directed."}};
  analysis.outputs = {
      {"labels",
       {"layer", "unit"},
       v1::DType::INT32,
       "Module of each unit in each layer."},
      {"flexibility",
       {"unit"},
       v1::DType::FLOAT64,
       "Share of the steps between layers that change a unit's module."},
      {"promiscuity",
       {"unit"},
       v1::DType::FLOAT64,
       "Share of all modules that a unit is ever in."},
      {"run_quality", {"run"}, v1::DType::FLOAT64, "Quality of each run."},
      {kAllegiance,
       {"unit", "unit"},
       v1::DType::FLOAT64,
       "Share of the layers in which two units are in one module."}};
  analysis.example_spec = R"({"gamma": 1, "omega": 1, "runs": 100})";
  analysis.plan = PlanMultilayer;
  analysis.run = RunMultilayer;
  return analysis;
}

}  // namespace modbound
