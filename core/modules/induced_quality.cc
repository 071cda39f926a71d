#include "core/modules/induced_quality.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/kept_blocks.h"
#include "core/statistics/summary.h"

namespace modbound {
namespace {

// Draws of one work item: each row of the matrix is read once for all of them.
// Fixed, so that results do not depend on the thread count.
constexpr int64_t kNullBlock = 16;

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
  if (null_count < 0) {
    return Refuse(
        reason::kOutOfRange,
        "null_count",
        "null_count is " + std::to_string(null_count) + "; allowed: >= 0");
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const LabelledProblem labelled,
      MakeLabelledProblem(weights, labels, options, null_matrix, execution));
  const ModularityProblem& problem = labelled.problem;
  InducedQuality result;
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> quality,
                            problem.Qualities({labelled.labels}, execution));
  result.quality = quality[0];
  result.exact_null_mean = problem.MeanOverPermutations(labelled.labels);
  result.excluded_units =
      static_cast<int64_t>(labels.size() - labelled.units.size());
  result.null.resize(null_count);
  const LabelNull draw_labels = label_null ? label_null : PermutedLabels(seed);
  KeptBlocks draws;
  draws.phase = "null";
  draws.unit = "draws";
  draws.count = null_count;
  draws.block = kNullBlock;
  KeepArray(result.null.data(), 1, draws);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      draws, execution, [&](int64_t first, int64_t count) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<Labels> batch,
                                  draw_labels(labelled.labels, first, count));
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> values,
                                  problem.Qualities(batch, execution));
        std::copy(values.begin(), values.end(), result.null.data() + first);
        return absl::OkStatus();
      }));
  TestAgainstNull(result);
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
