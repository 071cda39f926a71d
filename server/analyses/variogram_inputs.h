#ifndef MODBOUND_SERVER_ANALYSES_VARIOGRAM_INPUTS_H_
#define MODBOUND_SERVER_ANALYSES_VARIOGRAM_INPUTS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/statistics/variogram_surrogates.h"
#include "modbound/v1/modules.pb.h"
#include "server/analyses/analysis.h"

// The null VARIOGRAM of a kind with labels: its inputs distances (N,N) or
// coordinates (N,D), and its fields percentile, bins, deltas, nearest.
namespace modbound {

// The two inputs.
std::vector<InputRule> PositionRules();

// Fills deltas, and refuses what gives no surrogates as far as known: for
// VARIOGRAM neither of the inputs (MISSING_FIELD) or both (CONTRADICTION), for
// another null any (CONTRADICTION); distances below 0 (OUT_OF_RANGE) or
// NOT_SYMMETRIC; too few units (DEGENERATE). `units`: -1 = not known.
absl::Status PlanVariogram(int64_t units,
                           const InputInfos& inputs,
                           v1::InducedQualitySpec& spec);

// Options of a spec that was planned.
VariogramOptions VariogramOptionsOf(const v1::InducedQualitySpec& spec);

// Surrogates over the units with a label >= 0. Errors: those of CheckDistances,
// CheckCoordinates and VariogramSurrogates::Make.
absl::StatusOr<VariogramSurrogates> MakeSurrogates(
    const v1::InducedQualitySpec& spec,
    const InputArrays& inputs,
    const Labels& labels,
    const Execution& execution);

// Bytes that surrogates over so many units take, inputs included.
double SurrogateBytes(int64_t units,
                      const InputInfos& inputs,
                      const v1::InducedQualitySpec& spec);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_VARIOGRAM_INPUTS_H_
