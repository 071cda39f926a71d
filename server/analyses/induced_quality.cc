#include "core/modules/induced_quality.h"

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/modules/labels.h"
#include "core/modules/partition_qualities.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

// Draws that a thread evaluates at once.
constexpr int64_t kDraws = 16;

absl::StatusOr<Plan> PlanInducedQuality(v1::Spec& spec,
                                        const InputInfos& inputs) {
  const v1::InducedQualitySpec& induced = spec.induced_quality();
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(induced.quality()));
  const InputInfo& matrix = inputs.at("matrix");
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrix, induced.quality(), induced.directed(), "inputs.matrix"));
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  const double n2 = ElementsOf(inputs, "matrix");
  const double n = ElementsOf(inputs, "labels");
  const int64_t draws = induced.null_count();
  Plan plan;
  plan.outputs = {{"null", v1::DType::FLOAT64, {draws}, {"draw"}}};
  plan.max_threads = ThreadsFor((draws + kDraws - 1) / kDraws);
  // The inputs, the matrix as doubles and the problem made of it; the null
  // twice; each thread's draws as labels and as doubles.
  plan.memory_bytes = BytesOf(InputBytes(inputs, "matrix") + 16 * n2 +
                              InputBytes(inputs, "labels") + 12 * n +
                              16 * static_cast<double>(draws));
  plan.thread_bytes = BytesOf(12.0 * kDraws * n);
  return plan;
}

absl::StatusOr<Outcome> RunInducedQuality(const v1::Spec& spec,
                                          const InputArrays& inputs,
                                          const Execution& execution) {
  const v1::InducedQualitySpec& induced = spec.induced_quality();
  const HostArray& matrix = inputs.at("matrix");
  const Matrix weights = matrix.ToMatrix();
  const Labels labels = inputs.at("labels").ToLabels();
  const QualityOptions options = QualityOptionsOf(induced, matrix.dtype());
  MODBOUND_ASSIGN_OR_RETURN(const InducedQuality result,
                            ComputeInducedQuality(weights,
                                                  labels,
                                                  options,
                                                  induced.null_count(),
                                                  induced.seed(),
                                                  execution));
  double quality_all_units = result.quality;
  if (result.excluded_units > 0) {
    MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> all,
                              QualitiesOf(weights,
                                          {WithSingletons(labels)},
                                          options,
                                          ForPart(execution, "all units")));
    quality_all_units = all[0];
  }
  Outcome outcome;
  v1::InducedQualitySummary* summary =
      outcome.summary.mutable_induced_quality();
  summary->set_quality(result.quality);
  summary->set_exact_null_mean(result.exact_null_mean);
  summary->set_excluded_units(result.excluded_units);
  summary->set_quality_all_units(quality_all_units);
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
  analysis.ensemble_tests = {"z"};
  analysis.plan = PlanInducedQuality;
  analysis.run = RunInducedQuality;
  return analysis;
}

}  // namespace modbound
