#include "core/modules/quality.h"

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "server/analyses/analysis.h"
#include "server/analyses/quality_options.h"
#include "server/analyses/registry.h"

namespace modbound {
namespace {

// labels may be (N) for one partition or (P,N).
int64_t PartitionCount(const std::vector<int64_t>& labels_shape) {
  return labels_shape.size() == 2 ? labels_shape[0] : 1;
}

absl::StatusOr<Plan> PlanQuality(v1::Spec& spec, const InputInfos& inputs) {
  const v1::QualitySpec& quality = spec.quality();
  const InputInfo& matrix = inputs.at("matrix");
  MODBOUND_RETURN_IF_ERROR(CheckWeights(
      matrix, quality.quality(), quality.directed(), "inputs.matrix"));
  MODBOUND_RETURN_IF_ERROR(
      CheckNullMatrix(inputs, quality.quality(), quality.directed()));
  const int64_t N = std::max<int64_t>(matrix.shape[0], 0);
  const int64_t P = PartitionCount(inputs.at("labels").shape);
  Plan plan;
  plan.outputs = {{"quality", v1::DType::FLOAT64, {P}, {"partition"}}};
  plan.max_threads = static_cast<int>(std::clamp<int64_t>(P, 1, 64));
  // The input, its double copy, the null matrix likewise, and each thread's
  // reduced copy without the units of label -1.
  plan.memory_bytes = (4 + plan.max_threads) * N * N * 8 +
                      std::max<int64_t>(P, 1) * (N * 8 + 8);
  return plan;
}

absl::StatusOr<Outcome> RunQuality(const v1::Spec& spec,
                                   const InputArrays& inputs,
                                   const Execution& execution) {
  const HostArray& matrix = inputs.at("matrix");
  const HostArray& labels = inputs.at("labels");
  const QualityOptions options =
      QualityOptionsOf(spec.quality(), matrix.dtype());
  const Matrix weights = matrix.ToMatrix();
  const Matrix null_matrix = inputs.count("null_matrix") > 0
                                 ? inputs.at("null_matrix").ToMatrix()
                                 : Matrix();
  const Labels all = labels.ToLabels();
  const int64_t N = weights.rows();
  const int64_t P = PartitionCount(labels.shape());
  std::vector<double> quality(static_cast<std::size_t>(P));
  MODBOUND_RETURN_IF_ERROR(ParallelFor(P, execution, [&](int64_t p) {
    const Labels one(all.begin() + p * N, all.begin() + (p + 1) * N);
    absl::StatusOr<double> value = Quality(
        weights, one, options, null_matrix.size() > 0 ? &null_matrix : nullptr);
    if (value.ok()) {
      quality[static_cast<std::size_t>(p)] = *value;
    }
    return value.status();
  }));
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
       .comment = "Partitions, one a row; -1 leaves the unit out.",
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
