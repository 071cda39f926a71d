#include "core/modules/induced_quality.h"

#include <algorithm>

#include "core/base/error.h"
#include "server/analyses/analysis.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

absl::StatusOr<Plan> PlanInducedQuality(v1::Spec& spec,
                                        const InputInfos& inputs) {
  const v1::InducedQualitySpec& induced = spec.induced_quality();
  if (induced.quality() == v1::QualityFunction::CUSTOM) {
    return Refuse(reason::kOutOfRange,
                  "quality",
                  "quality is CUSTOM, which needs a null matrix; allowed: "
                  "NEGATIVE_ASYM, NEGATIVE_SYM, MODULARITY, POTTS, UNIFORM");
  }
  const InputInfo& matrix = inputs.at("matrix");
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrix, induced.quality(), induced.directed(), "inputs.matrix"));
  const InputInfo& labels = inputs.at("labels");
  if (labels.facts.has_value() && labels.facts->max() < 0) {
    return Refuse(reason::kDegenerate,
                  "inputs.labels",
                  "inputs.labels puts every unit at -1; at least one needs a "
                  "module");
  }
  const auto N = static_cast<double>(std::max<int64_t>(matrix.shape[0], 0));
  const int64_t draws = induced.null_count();
  Plan plan;
  plan.outputs = {{"null", v1::DType::FLOAT64, {draws}, {"draw"}}};
  plan.max_threads = static_cast<int>(std::clamp<int64_t>(draws / 32, 1, 64));
  // The input, its double copy and the problem made of it; a batch of labels a
  // thread.
  plan.memory_bytes =
      static_cast<int64_t>(8 * (3 * N * N + 32 * N * plan.max_threads +
                                2.0 * static_cast<double>(draws)));
  return plan;
}

absl::StatusOr<Outcome> RunInducedQuality(const v1::Spec& spec,
                                          const InputArrays& inputs,
                                          const Execution& execution) {
  const v1::InducedQualitySpec& induced = spec.induced_quality();
  const HostArray& matrix = inputs.at("matrix");
  MODBOUND_ASSIGN_OR_RETURN(
      const InducedQuality result,
      ComputeInducedQuality(matrix.ToMatrix(),
                            inputs.at("labels").ToLabels(),
                            QualityOptionsOf(induced, matrix.dtype()),
                            induced.null_count(),
                            induced.seed(),
                            execution));
  Outcome outcome;
  v1::InducedQualitySummary* summary =
      outcome.summary.mutable_induced_quality();
  summary->set_quality(result.quality);
  summary->set_exact_null_mean(result.exact_null_mean);
  summary->set_excluded_units(result.excluded_units);
  if (result.z.has_value()) {
    summary->set_z(*result.z);
  }
  if (result.p.has_value()) {
    summary->set_p(*result.p);
  }
  outcome.outputs["null"] = HostArray::FromVector(result.null, {"draw"});
  return outcome;
}

}  // namespace

Analysis InducedQualityAnalysis() {
  Analysis analysis;
  analysis.kind = "induced_quality";
  analysis.inputs = {{.name = "matrix",
                      .axes = {"N", "N"},
                      .comment = "Weights; symmetric unless directed."},
                     {.name = "labels",
                      .axes = {"N"},
                      .comment = "Partition; -1 leaves the unit out.",
                      .labels = true}};
  analysis.outputs = {{"null",
                       {"draw"},
                       v1::DType::FLOAT64,
                       "Quality of each draw of the null."}};
  analysis.example_spec = R"({"null": "PERMUTATION", "null_count": 1000})";
  analysis.plan = PlanInducedQuality;
  analysis.run = RunInducedQuality;
  return analysis;
}

}  // namespace modbound
