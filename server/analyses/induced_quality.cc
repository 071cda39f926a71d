#include "core/modules/induced_quality.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/modules/label_nulls.h"
#include "core/modules/labels.h"
#include "core/modules/partition_qualities.h"
#include "core/modules/quality_input.h"
#include "core/modules/rewire.h"
#include "core/modules/rewired_null.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/partition_engine.h"
#include "server/analyses/partition_source.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"
#include "server/analyses/similarity_word.h"
#include "server/analyses/variogram_inputs.h"

namespace modbound {
namespace {

// Of the columns of activity.
constexpr v1::Similarity::Measure kMeasure = v1::Similarity::CORRELATION;

// Draws of a work item: of a stored matrix and of VARIOGRAM, of another that is
// computed.
constexpr int64_t kFewestDraws = 16;
constexpr int64_t kMostDraws = 256;
// Rows of a matrix that is computed which a thread makes at once.
constexpr double kRowsAtOnce = 64;

// REWIRED has no other rows than those of a matrix.
bool IsFactored(const v1::InducedQualitySpec& spec, const InputInfo& activity) {
  UnitsToHold units;
  units.similarity = kMeasure;
  units.quality = spec.quality();
  units.dtype = activity.dtype;
  units.units = activity.shape[1];
  units.values = activity.shape[0];
  return spec.null() != v1::NullModel::REWIRED && CanFactor(units);
}

// Bytes of the input and of what the labels are evaluated on.
double BytesToEvaluate(const InputInfos& inputs,
                       const v1::InducedQualitySpec& spec) {
  if (inputs.count("matrix") > 0) {
    // As doubles, and the problem made of it.
    return InputBytes(inputs, "matrix") + 16 * ElementsOf(inputs, "matrix");
  }
  const InputInfo& activity = inputs.at("activity");
  const double elements = ElementsOf(inputs, "activity");
  const auto n = static_cast<double>(std::max<int64_t>(activity.shape[1], 0));
  // As doubles, and with a unit a row: kept for a second time, with the
  // strengths of blocks of units; or the similarity, and the problem made of
  // it.
  return InputBytes(inputs, "activity") + (IsFactored(spec, activity)
                                               ? 28 * elements + n * n / 32
                                               : 16 * elements + 16 * n * n);
}

// What the null takes beside what any induced quality does.
void AddNull(const v1::InducedQualitySpec& induced,
             const InputInfos& inputs,
             Plan& plan) {
  const double n = ElementsOf(inputs, "labels");
  const auto units = static_cast<int64_t>(n);
  if (induced.null() == v1::NullModel::VARIOGRAM) {
    plan.memory_bytes += BytesOf(SurrogateBytes(units, inputs, induced));
    plan.thread_bytes += BytesOf(VariogramSurrogates::WorkBytes(
        units, kFewestDraws, VariogramOptionsOf(induced)));
  } else if (induced.null() == v1::NullModel::REWIRED) {
    // One draw a thread: its network and the problem made of it.
    plan.max_threads = ThreadsFor(induced.null_count());
    plan.memory_bytes += BytesOf(8 * n * n);
    plan.thread_bytes += BytesOf(RewireBytes(units) + 8 * n * n);
  }
}

absl::StatusOr<Plan> PlanInducedQuality(v1::Spec& spec,
                                        const InputInfos& inputs) {
  v1::InducedQualitySpec& induced = *spec.mutable_induced_quality();
  MODBOUND_RETURN_IF_ERROR(RefuseCustom(induced.quality()));
  MODBOUND_RETURN_IF_ERROR(RequireMatrixOrActivity(inputs));
  const bool has_matrix = inputs.count("matrix") > 0;
  if (has_matrix) {
    MODBOUND_RETURN_IF_ERROR(CheckWeights(inputs.at("matrix"),
                                          induced.quality(),
                                          induced.directed(),
                                          "inputs.matrix"));
  }
  MODBOUND_RETURN_IF_ERROR(RequireModules(inputs));
  MODBOUND_RETURN_IF_ERROR(
      PlanVariogram(inputs.at("labels").shape[0], inputs, induced));
  const double n = ElementsOf(inputs, "labels");
  const int64_t draws = induced.null_count();
  const bool is_factored =
      !has_matrix && IsFactored(induced, inputs.at("activity"));
  const auto draws_at_once = static_cast<double>(
      is_factored && induced.null() != v1::NullModel::VARIOGRAM ? kMostDraws
                                                                : kFewestDraws);
  Plan plan;
  plan.outputs = {{"null", v1::DType::FLOAT64, {draws}, {"draw"}}};
  plan.max_threads = ThreadsFor((draws + kFewestDraws - 1) / kFewestDraws);
  // The null twice.
  plan.memory_bytes =
      BytesOf(BytesToEvaluate(inputs, induced) + InputBytes(inputs, "labels") +
              12 * n + 16 * static_cast<double>(draws));
  // Draws as labels and as doubles, with a sum of each row in each draw.
  plan.thread_bytes =
      BytesOf(20 * draws_at_once * n + (is_factored ? 8 * kRowsAtOnce * n : 0));
  AddNull(induced, inputs, plan);
  return plan;
}

// What is told of the labels: the test, and their quality with every unit.
struct Tested {
  InducedQuality result;
  double quality_all_units = 0;
  // Of REWIRED.
  std::optional<double> positive_strength_r;
  std::optional<double> negative_strength_r;
};

// Fills the null, z and p with REWIRED.
absl::Status TestAgainstRewired(const Matrix& weights,
                                const Labels& labels,
                                const QualityOptions& options,
                                const v1::InducedQualitySpec& spec,
                                const Execution& execution,
                                Tested& tested) {
  MODBOUND_ASSIGN_OR_RETURN(
      RewiredNull rewired,
      ComputeRewiredNull(
          weights, labels, options, spec.null_count(), spec.seed(), execution));
  tested.result.null = std::move(rewired.quality);
  TestAgainstNull(tested.result);
  tested.positive_strength_r = rewired.positive_strength_r;
  tested.negative_strength_r = rewired.negative_strength_r;
  return absl::OkStatus();
}

absl::StatusOr<Tested> TestOnMatrix(const Matrix& weights,
                                    const Labels& labels,
                                    const QualityOptions& options,
                                    const v1::InducedQualitySpec& spec,
                                    const LabelNull& label_null,
                                    const Execution& execution) {
  Tested tested;
  const bool is_rewired = spec.null() == v1::NullModel::REWIRED;
  MODBOUND_ASSIGN_OR_RETURN(
      tested.result,
      ComputeInducedQuality(weights,
                            labels,
                            options,
                            is_rewired ? 0 : spec.null_count(),
                            spec.seed(),
                            execution,
                            nullptr,
                            label_null));
  if (is_rewired) {
    MODBOUND_RETURN_IF_ERROR(
        TestAgainstRewired(weights, labels, options, spec, execution, tested));
  }
  tested.quality_all_units = tested.result.quality;
  if (tested.result.excluded_units > 0) {
    MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> all,
                              QualitiesOf(weights,
                                          {WithSingletons(labels)},
                                          options,
                                          ForPart(execution, "all units")));
    tested.quality_all_units = all[0];
  }
  return tested;
}

absl::StatusOr<Tested> TestOnRows(SimilarityRows rows,
                                  const Labels& labels,
                                  const QualityOptions& options,
                                  const v1::InducedQualitySpec& spec,
                                  const LabelNull& label_null,
                                  const Execution& execution) {
  Tested tested;
  const bool all_labelled = LabelledUnits(labels).size() == labels.size();
  std::optional<InducedQuality> all;
  if (!all_labelled) {
    MODBOUND_ASSIGN_OR_RETURN(
        all,
        ComputeInducedQuality(rows,
                              WithSingletons(labels),
                              options,
                              0,
                              spec.seed(),
                              ForPart(execution, "all units")));
  }
  MODBOUND_ASSIGN_OR_RETURN(tested.result,
                            ComputeInducedQuality(std::move(rows),
                                                  labels,
                                                  options,
                                                  spec.null_count(),
                                                  spec.seed(),
                                                  execution,
                                                  label_null));
  tested.quality_all_units =
      all.has_value() ? all->quality : tested.result.quality;
  return tested;
}

absl::StatusOr<Tested> TestOnActivity(const v1::InducedQualitySpec& spec,
                                      InputArrays inputs,
                                      const InputInfo& activity,
                                      const Labels& labels,
                                      const LabelNull& label_null,
                                      const Execution& execution) {
  const bool is_factored = IsFactored(spec, activity);
  const QualityOptions options =
      QualityOptionsOf(spec, is_factored ? activity.dtype : v1::DType::FLOAT64);
  const Matrix values = inputs.at("activity").ToMatrix();
  inputs.erase("activity");
  if (!is_factored) {
    MODBOUND_ASSIGN_OR_RETURN(const SimilarityMatrix similarity,
                              SimilarityOf(kMeasure, false, values, execution));
    return TestOnMatrix(
        similarity.values, labels, options, spec, label_null, execution);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      SimilarityRows rows,
      SimilarityRowsOf(kMeasure, false, values, execution));
  return TestOnRows(
      std::move(rows), labels, options, spec, label_null, execution);
}

absl::StatusOr<Tested> TestLabels(const v1::InducedQualitySpec& spec,
                                  InputArrays inputs,
                                  const InputInfos& infos,
                                  const Execution& execution) {
  const Labels labels = inputs.at("labels").ToLabels();
  std::optional<VariogramSurrogates> surrogates;
  LabelNull label_null;
  if (spec.null() == v1::NullModel::VARIOGRAM) {
    MODBOUND_ASSIGN_OR_RETURN(surrogates,
                              MakeSurrogates(spec, inputs, labels, execution));
    inputs.erase("distances");
    label_null = VariogramLabels(*surrogates, spec.seed(), execution);
  }
  if (inputs.count("matrix") > 0) {
    const HostArray& matrix = inputs.at("matrix");
    return TestOnMatrix(matrix.ToMatrix(),
                        labels,
                        QualityOptionsOf(spec, matrix.dtype()),
                        spec,
                        label_null,
                        execution);
  }
  absl::StatusOr<Tested> tested = TestOnActivity(spec,
                                                 std::move(inputs),
                                                 infos.at("activity"),
                                                 labels,
                                                 label_null,
                                                 execution);
  if (!tested.ok()) {
    // A similarity computed here is no input.
    return AsQualityError(tested.status());
  }
  return tested;
}

absl::StatusOr<Outcome> RunInducedQuality(const v1::Spec& spec,
                                          InputArrays inputs,
                                          const InputInfos& infos,
                                          const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(
      const Tested tested,
      TestLabels(spec.induced_quality(), std::move(inputs), infos, execution));
  const InducedQuality& result = tested.result;
  Outcome outcome;
  v1::InducedQualitySummary* summary =
      outcome.summary.mutable_induced_quality();
  summary->set_quality(result.quality);
  summary->set_exact_null_mean(result.exact_null_mean);
  summary->set_excluded_units(result.excluded_units);
  summary->set_quality_all_units(tested.quality_all_units);
  if (result.z.has_value()) {
    summary->set_z(*result.z);
  }
  if (result.p.has_value()) {
    summary->set_p(*result.p);
  }
  if (tested.positive_strength_r.has_value()) {
    summary->set_positive_strength_r(*tested.positive_strength_r);
  }
  if (tested.negative_strength_r.has_value()) {
    summary->set_negative_strength_r(*tested.negative_strength_r);
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
                      .comment = "Weights; symmetric unless directed. This or "
                                 "activity.",
                      .optional = true},
                     {.name = "activity",
                      .axes = {"T", "N"},
                      .comment = "Activity of units over time; the matrix is "
                                 "the correlation of its columns, 0 for silent "
                                 "ones. This or matrix.",
                      .optional = true,
                      .steps = true},
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
  analysis.run_owned = RunInducedQuality;
  return analysis;
}

}  // namespace modbound
