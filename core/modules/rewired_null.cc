#include "core/modules/rewired_null.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/kept_blocks.h"
#include "core/base/random.h"
#include "core/base/thread_share.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"
#include "core/modules/rewire.h"

namespace modbound {
namespace {

// Quality and the two correlations of a draw.
constexpr Eigen::Index kFoundWidth = 3;

std::optional<double> MeanOfDraws(const Eigen::Ref<const Vector>& values) {
  if (values.size() == 0 || !values.allFinite()) {
    return std::nullopt;
  }
  return values.mean();
}

}  // namespace

absl::StatusOr<RewiredNull> ComputeRewiredNull(const Matrix& weights,
                                               const Labels& labels,
                                               const QualityOptions& options,
                                               int64_t draws,
                                               uint64_t seed,
                                               const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<int64_t> units,
                            CheckedUnits(labels, weights.rows()));
  const Labels labelled = CompactLabels(RestrictLabels(labels, units));
  Matrix network = RestrictMatrix(weights, units);
  MODBOUND_RETURN_IF_ERROR(
      CheckQualityInput(network, options, nullptr, execution));
  MODBOUND_RETURN_IF_ERROR(SymmetriseInPlace(network, execution));
  Matrix found(draws, kFoundWidth);
  KeptBlocks blocks;
  // Apart from that of ComputeInducedQuality, which goes before.
  blocks.phase = "rewired null";
  blocks.unit = "draws";
  blocks.count = draws;
  KeepArray(found.data(), kFoundWidth, blocks);
  const Execution inside = ThreadShare(draws, execution);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      blocks, execution, [&](int64_t draw, int64_t) -> absl::Status {
        const RandomStream random(
            seed, RandomPurpose::kRewiredNetwork, static_cast<uint64_t>(draw));
        MODBOUND_ASSIGN_OR_RETURN(RewiredNetwork rewired,
                                  RewireSigned(network, random, execution));
        // The weights are those that were checked, in other places; a directed
        // POTTS network has become one of 0, 1/2 and 1.
        MODBOUND_ASSIGN_OR_RETURN(
            const ModularityProblem problem,
            ModularityProblem::MakeOfChecked(
                std::move(rewired.weights), options, nullptr, inside));
        MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> quality,
                                  problem.Qualities({labelled}, inside));
        found.row(draw) << quality[0], rewired.positive_strength_r,
            rewired.negative_strength_r;
        return absl::OkStatus();
      }));
  RewiredNull null;
  null.quality = found.col(0);
  null.positive_strength_r = MeanOfDraws(found.col(1));
  null.negative_strength_r = MeanOfDraws(found.col(2));
  return null;
}

}  // namespace modbound
