#include "core/lesions/lesion_similarity.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

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
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      G, kStepBlock, execution, [&](int64_t first, int64_t count) {
        stepped.middleRows(first, count) =
            Step(network,
                 states.middleRows(first, count),
                 input.transpose().replicate(count, 1));
        return absl::OkStatus();
      }));
  return stepped;
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
      result.similarity,
      CorrelationOfColumns(result.flow_distance,
                           ForPart(execution, "lesions")));
  const Execution of_activity = ForPart(execution, "activity");
  MODBOUND_ASSIGN_OR_RETURN(const SimilarityMatrix correlation,
                            CorrelationOfColumns(activity, of_activity));
  PartitionOptions partition = options.partition;
  partition.seed = options.seed;
  MODBOUND_ASSIGN_OR_RETURN(result.labels,
                            ModulesOf(correlation, partition, of_activity));
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
