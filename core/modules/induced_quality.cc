#include "core/modules/induced_quality.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/kept_blocks.h"
#include "core/base/thread_share.h"
#include "core/modules/factor_problem.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/statistics/summary.h"

namespace modbound {
namespace {

absl::Status CheckCount(int64_t null_count) {
  if (null_count >= 0) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kOutOfRange,
      "null_count",
      "null_count is " + std::to_string(null_count) + "; allowed: >= 0");
}

// Draws of a work item that makes surrogates: they cost more than Q does.
constexpr int64_t kSurrogateDraws = 16;

// labels: of the units of the problem, 0 ... without gaps. label_null: empty =
// permuted by `seed`.
absl::StatusOr<InducedQuality> AgainstLabels(const ModularityProblem& problem,
                                             const Labels& labels,
                                             int64_t null_count,
                                             uint64_t seed,
                                             const LabelNull& label_null,
                                             const Execution& execution) {
  const LabelNull draw_labels = label_null ? label_null : PermutedLabels(seed);
  InducedQuality result;
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> quality,
                            problem.Qualities({labels}, execution));
  result.quality = quality[0];
  result.exact_null_mean = problem.MeanOverPermutations(labels, execution);
  if (execution.stopped()) {
    return StoppedError();
  }
  result.null.resize(null_count);
  KeptBlocks draws;
  draws.phase = "null";
  draws.unit = "draws";
  draws.count = null_count;
  draws.block = problem.weights().BestBatch();
  if (label_null) {
    draws.block = std::min(draws.block, kSurrogateDraws);
  }
  KeepArray(result.null.data(), 1, draws);
  const Execution inside =
      ThreadShare((null_count + draws.block - 1) / draws.block, execution);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      draws, execution, [&](int64_t first, int64_t count) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<Labels> batch,
                                  draw_labels(labels, first, count));
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> values,
                                  problem.Qualities(batch, inside));
        std::copy(values.begin(), values.end(), result.null.data() + first);
        return absl::OkStatus();
      }));
  TestAgainstNull(result);
  return result;
}

}  // namespace

absl::StatusOr<InducedQuality> ComputeInducedQuality(
    const Matrix& weights,
    const Labels& labels,
    const QualityOptions& options,
    int64_t null_count,
    uint64_t seed,
    const Execution& execution,
    const Matrix* null_matrix,
    const LabelNull& label_null) {
  MODBOUND_RETURN_IF_ERROR(CheckCount(null_count));
  MODBOUND_ASSIGN_OR_RETURN(
      const LabelledProblem labelled,
      MakeLabelledProblem(weights, labels, options, null_matrix, execution));
  MODBOUND_ASSIGN_OR_RETURN(InducedQuality result,
                            AgainstLabels(labelled.problem,
                                          labelled.labels,
                                          null_count,
                                          seed,
                                          label_null,
                                          execution));
  result.excluded_units =
      static_cast<int64_t>(labels.size() - labelled.units.size());
  return result;
}

absl::StatusOr<InducedQuality> ComputeInducedQuality(
    SimilarityRows rows,
    const Labels& labels,
    const QualityOptions& options,
    int64_t null_count,
    uint64_t seed,
    const Execution& execution,
    const LabelNull& label_null) {
  MODBOUND_RETURN_IF_ERROR(CheckCount(null_count));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<int64_t> units,
      CheckedUnits(labels, static_cast<int64_t>(rows.valid.size())));
  MODBOUND_ASSIGN_OR_RETURN(
      const ModularityProblem problem,
      MakeFactorProblem(std::move(rows), units, options, execution));
  MODBOUND_ASSIGN_OR_RETURN(
      InducedQuality result,
      AgainstLabels(problem,
                    CompactLabels(RestrictLabels(labels, units)),
                    null_count,
                    seed,
                    label_null,
                    execution));
  result.excluded_units = static_cast<int64_t>(labels.size() - units.size());
  return result;
}

void TestAgainstNull(InducedQuality& result) {
  result.z.reset();
  result.p.reset();
  if (result.null.size() == 0) {
    return;
  }
  // A permutation that keeps the partition has its quality, up to the order of
  // additions.
  const double rounding = 1e-12 * std::max(std::abs(result.quality),
                                           result.null.cwiseAbs().maxCoeff());
  const auto reached = static_cast<double>(
      (result.null.array() >= result.quality - rounding).count());
  result.p = (1 + reached) / (1 + static_cast<double>(result.null.size()));
  const SampleSummary summary = Summarise(result.null);
  if (summary.n > 1 && summary.sd > rounding) {
    result.z = (result.quality - summary.mean) / summary.sd;
  }
}

}  // namespace modbound
