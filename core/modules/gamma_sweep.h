#ifndef MODBOUND_CORE_MODULES_GAMMA_SWEEP_H_
#define MODBOUND_CORE_MODULES_GAMMA_SWEEP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/partition.h"

namespace modbound {

// Partition at each of these resolutions, in their order: element g is exactly
// the result of Partition with options.quality.gamma = gammas[g], whose random
// orders are the same for all. gammas: G >= 1. Cost: G times that of Partition,
// and one further copy of the weights. Errors: those of Partition.
absl::StatusOr<std::vector<PartitionResult>> GammaSweep(
    Matrix weights,
    const std::vector<uint8_t>& valid,
    const PartitionOptions& options,
    const std::vector<double>& gammas,
    const Execution& execution,
    const Matrix* null_matrix = nullptr);

// Runs that are compared in pairs.
inline constexpr int64_t kMostComparedRuns = 100;

// How much runs at one resolution differ: the mean of VI / ln n (Meila 2007)
// over all pairs of the first kMostComparedRuns of them, n units labelled. 0 =
// all equal; a resolution that describes the matrix well is a dip of it over
// gamma (Lambiotte 2010, section IV). NaN for less than two runs. Threads:
// result independent of their number. Errors: kCancelled.
absl::StatusOr<double> RunVariation(const std::vector<Labels>& runs,
                                    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_GAMMA_SWEEP_H_
