#include "core/lesions/lesion_similarity.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"

namespace modbound {
namespace {

// States stepped as one product: fixed, so that bytes do not depend on threads.
constexpr int64_t kStepBlock = 64;

absl::Status CheckInput(const Network& network,
                        const Matrix& activity,
                        const LesionSimilarityOptions& options) {
  if (activity.cols() != network.units()) {
    return Refuse(reason::kWrongShape,
                  "activity",
                  absl::StrCat("activity has ",
                               activity.cols(),
                               " units, the network ",
                               network.units()));
  }
  if (activity.cols() < 2 || activity.rows() < 2) {
    return Refuse(reason::kDegenerate,
                  "activity",
                  absl::StrCat("activity has ",
                               activity.rows(),
                               " time points and ",
                               activity.cols(),
                               " units; two components need 2 of each"));
  }
  if (options.grid < 2) {
    return Refuse(reason::kOutOfRange,
                  "grid",
                  absl::StrCat("grid is ", options.grid, "; allowed: >= 2"));
  }
  if (!(options.margin >= 0 && std::isfinite(options.margin))) {
    return Refuse(
        reason::kOutOfRange,
        "margin",
        absl::StrCat("margin is ", options.margin, "; allowed: >= 0"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Matrix> StepAll(const Network& network,
                               const Matrix& states,
                               const Vector& input,
                               const Execution& execution) {
  const int64_t G = states.rows();
  Matrix stepped(G, states.cols());
  MODBOUND_RETURN_IF_ERROR(ParallelFor(
      (G + kStepBlock - 1) / kStepBlock, execution, [&](int64_t block) {
        const int64_t first = block * kStepBlock;
        const int64_t count = std::min(kStepBlock, G - first);
        stepped.middleRows(first, count) =
            Step(network,
                 states.middleRows(first, count),
                 input.transpose().replicate(count, 1));
        return absl::OkStatus();
      }));
  return stepped;
}

// Labels of the correlation matrix; all -1 when every unit is silent.
absl::StatusOr<Labels> Modules(const SimilarityMatrix& correlation,
                               const LesionSimilarityOptions& options,
                               const Execution& execution) {
  if (std::find(correlation.valid.begin(), correlation.valid.end(), 1) ==
      correlation.valid.end()) {
    return Labels(correlation.valid.size(), -1);
  }
  PartitionOptions partition = options.partition;
  partition.seed = options.seed;
  absl::StatusOr<PartitionResult> result =
      Partition(correlation.values, correlation.valid, partition, execution);
  if (!result.ok()) {
    return AsQualityError(result.status());
  }
  return std::move(result->labels);
}

}  // namespace

absl::StatusOr<LesionSimilarity> ComputeLesionSimilarity(
    const Network& network,
    const Matrix& activity,
    const Vector& input,
    const LesionSimilarityOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckInput(network, activity, options));
  LesionSimilarity result;
  MODBOUND_ASSIGN_OR_RETURN(result.pca, ComputePca(activity, 2, execution));
  result.grid = MakeStateGrid(result.pca, options.grid, options.margin);
  // Also checks the input's shape, before it is used.
  MODBOUND_ASSIGN_OR_RETURN(
      result.flow_distance,
      FlowDistances(
          network, result.grid.states, input, options.scope, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      result.stepped, StepAll(network, result.grid.states, input, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      result.similarity, CorrelationOfColumns(result.flow_distance, execution));
  MODBOUND_ASSIGN_OR_RETURN(const SimilarityMatrix correlation,
                            CorrelationOfColumns(activity, execution));
  MODBOUND_ASSIGN_OR_RETURN(result.labels,
                            Modules(correlation, options, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      result.comparison,
      CompareThroughModules(
          correlation,
          result.labels,
          result.similarity,
          {options.partition.quality, options.null_count, options.seed},
          execution));
  return result;
}

}  // namespace modbound
