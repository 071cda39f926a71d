#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/modules/partition_qualities.h"
#include "server/analyses/analysis.h"
#include "server/analyses/module_labels.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

absl::StatusOr<Plan> PlanQuality(v1::Spec& spec, const InputInfos& inputs) {
  const v1::QualitySpec& quality = spec.quality();
  const InputInfo& matrix = inputs.at("matrix");
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrix, quality.quality(), quality.directed(), "inputs.matrix"));
  MODBOUND_RETURN_IF_ERROR(
      CheckNullMatrix(inputs, quality.quality(), quality.directed()));
  const int64_t P = NumPartitionsOf(inputs.at("labels").shape);
  const double n2 = ElementsOf(inputs, "matrix");
  Plan plan;
  plan.outputs = {{"quality", v1::DType::FLOAT64, {P}, {"partition"}}};
  plan.max_threads = ThreadsFor((P + kQualityBatch - 1) / kQualityBatch);
  // The inputs and the matrix as doubles; the problem of the units that some
  // partitions share; for CUSTOM the null matrix likewise and symmetric.
  // Labels, which units each leaves out, results.
  plan.memory_bytes =
      BytesOf(InputBytes(inputs, "matrix") + 16 * n2 +
              InputBytes(inputs, "null_matrix") +
              24 * ElementsOf(inputs, "null_matrix") +
              InputBytes(inputs, "labels") + 5 * ElementsOf(inputs, "labels") +
              16 * static_cast<double>(std::max<int64_t>(P, 1)));
  // A batch of labels, also as doubles.
  plan.thread_bytes = BytesOf(12.0 * kQualityBatch * std::sqrt(n2));
  return plan;
}

absl::StatusOr<Outcome> RunQuality(const v1::Spec& spec,
                                   const InputArrays& inputs,
                                   const Execution& execution) {
  const HostArray& matrix = inputs.at("matrix");
  const QualityOptions options =
      QualityOptionsOf(spec.quality(), matrix.dtype());
  const Matrix weights = matrix.ToMatrix();
  const Matrix null_matrix = inputs.count("null_matrix") > 0
                                 ? inputs.at("null_matrix").ToMatrix()
                                 : Matrix();
  const std::vector<Labels> partitions = PartitionsOf(inputs.at("labels"));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<double> quality,
      QualitiesOf(weights,
                  partitions,
                  options,
                  execution,
                  null_matrix.size() > 0 ? &null_matrix : nullptr));
  const auto P = static_cast<int64_t>(quality.size());
  Outcome outcome;
  const auto best = std::max_element(quality.begin(), quality.end());
  v1::QualitySummary* summary = outcome.summary.mutable_quality();
  summary->set_num_partitions(P);
  summary->set_best_quality(*best);
  summary->set_best_partition(best - quality.begin());
  outcome.outputs["quality"] =
      HostArray::FromDoubles(quality, {P}, {"partition"});
  return outcome;
}

}  // namespace

Analysis QualityAnalysis() {
  Analysis analysis;
  analysis.kind = "quality";
  analysis.inputs = {
      {.name = "matrix",
       .axes = {"N", "N"},
       .comment = "Weights; symmetric unless directed."},
      {.name = "labels",
       .axes = {"P", "N"},
       .comment = "Partitions, one a row; -1 leaves the unit out. With the "
                  "matrices of an ensemble (P, N) is for all networks; one "
                  "partition each is (network, 1, N).",
       .more_axes = {{"N"}},
       .labels = true},
      {.name = "null_matrix",
       .axes = {"N", "N"},
       .comment = "P of CUSTOM.",
       .optional = true},
  };
  analysis.outputs = {{"quality",
                       {"partition"},
                       v1::DType::FLOAT64,
                       "Quality of each partition."}};
  analysis.example_spec = R"({"quality": "NEGATIVE_ASYM", "gamma": 1})";
  analysis.plan = PlanQuality;
  analysis.run = RunQuality;
  return analysis;
}

}  // namespace modbound
