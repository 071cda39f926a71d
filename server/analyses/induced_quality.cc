#include "core/modules/induced_quality.h"

#include <optional>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/modules/label_nulls.h"
#include "core/modules/labels.h"
#include "core/modules/partition_qualities.h"
#include "core/modules/rewire.h"
#include "core/modules/rewired_null.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/variogram_inputs.h"

namespace modbound {
namespace {

// Draws that a thread evaluates at once.
constexpr int64_t kDraws = 16;

// What the null takes beside what any induced quality does.
void AddNull(const v1::InducedQualitySpec& induced,
             const InputInfos& inputs,
             Plan& plan) {
  const double n2 = ElementsOf(inputs, "matrix");
  const auto n = static_cast<int64_t>(ElementsOf(inputs, "labels"));
  if (induced.null() == v1::NullModel::VARIOGRAM) {
    plan.memory_bytes += BytesOf(SurrogateBytes(n, inputs, induced));
    plan.thread_bytes += BytesOf(
        VariogramSurrogates::WorkBytes(n, kDraws, VariogramOptionsOf(induced)));
  } else if (induced.null() == v1::NullModel::REWIRED) {
    // One draw a thread: its network and the problem made of it.
    plan.max_threads = ThreadsFor(induced.null_count());
    plan.memory_bytes += BytesOf(8 * n2);
    plan.thread_bytes += BytesOf(RewireBytes(n) + 8 * n2);
  }
}

absl::StatusOr<Plan> PlanInducedQuality(v1::Spec& spec,
                                        const InputInfos& inputs) {
  v1::InducedQualitySpec& induced = *spec.mutable_induced_quality();
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(induced.quality()));
  const InputInfo& matrix = inputs.at("matrix");
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrix, induced.quality(), induced.directed(), "inputs.matrix"));
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  MODBOUND_RETURN_IF_ERROR(
      PlanVariogram(inputs.at("labels").shape[0], inputs, induced));
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
  AddNull(induced, inputs, plan);
  return plan;
}

// Fills the null, z and p of `result` with REWIRED.
absl::Status TestAgainstRewired(const Matrix& weights,
                                const Labels& labels,
                                const QualityOptions& options,
                                const v1::InducedQualitySpec& induced,
                                const Execution& execution,
                                InducedQuality& result,
                                v1::InducedQualitySummary& summary) {
  MODBOUND_ASSIGN_OR_RETURN(RewiredNull rewired,
                            ComputeRewiredNull(weights,
                                               labels,
                                               options,
                                               induced.null_count(),
                                               induced.seed(),
                                               execution));
  result.null = std::move(rewired.quality);
  TestAgainstNull(result);
  if (rewired.positive_strength_r.has_value()) {
    summary.set_positive_strength_r(*rewired.positive_strength_r);
  }
  if (rewired.negative_strength_r.has_value()) {
    summary.set_negative_strength_r(*rewired.negative_strength_r);
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> RunInducedQuality(const v1::Spec& spec,
                                          const InputArrays& inputs,
                                          const Execution& execution) {
  const v1::InducedQualitySpec& induced = spec.induced_quality();
  const HostArray& matrix = inputs.at("matrix");
  const Matrix weights = matrix.ToMatrix();
  const Labels labels = inputs.at("labels").ToLabels();
  const QualityOptions options = QualityOptionsOf(induced, matrix.dtype());
  std::optional<VariogramSurrogates> surrogates;
  LabelNull label_null;
  if (induced.null() == v1::NullModel::VARIOGRAM) {
    MODBOUND_ASSIGN_OR_RETURN(
        surrogates, MakeSurrogates(induced, inputs, labels, execution));
    label_null = VariogramLabels(*surrogates, induced.seed(), execution);
  }
  const bool is_rewired = induced.null() == v1::NullModel::REWIRED;
  MODBOUND_ASSIGN_OR_RETURN(
      InducedQuality result,
      ComputeInducedQuality(weights,
                            labels,
                            options,
                            is_rewired ? 0 : induced.null_count(),
                            induced.seed(),
                            execution,
                            nullptr,
                            label_null));
  Outcome outcome;
  v1::InducedQualitySummary* summary =
      outcome.summary.mutable_induced_quality();
  if (is_rewired) {
    MODBOUND_RETURN_IF_ERROR(TestAgainstRewired(
        weights, labels, options, induced, execution, result, *summary));
  }
  double quality_all_units = result.quality;
  if (result.excluded_units > 0) {
    MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> all,
                              QualitiesOf(weights,
                                          {WithSingletons(labels)},
                                          options,
                                          ForPart(execution, "all units")));
    quality_all_units = all[0];
  }
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
  for (InputRule& rule : PositionRules()) {
    analysis.inputs.push_back(std::move(rule));
  }
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
