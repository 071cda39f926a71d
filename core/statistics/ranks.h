#ifndef MODBOUND_CORE_STATISTICS_RANKS_H_
#define MODBOUND_CORE_STATISTICS_RANKS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Values that are sorted, merged or ranked as one work item, after which a stop
// is looked for: some 5 ms.
inline constexpr int64_t kRankBlock = 1 << 16;

// Ranks from 1; equal values share the mean of their ranks. values: n, finite.
// Result: n. Cost: n log n; 32 n bytes besides the result. Threads: fixed
// blocks are sorted and then merged in parallel; result independent of their
// number. Errors: kCancelled.
absl::StatusOr<Vector> AverageRanks(const Eigen::Ref<const Vector>& values,
                                    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_RANKS_H_
