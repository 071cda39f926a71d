#ifndef MODBOUND_CORE_MODULES_ASSIGNMENT_H_
#define MODBOUND_CORE_MODULES_ASSIGNMENT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// One-to-one matching of rows to columns with the largest sum of scores (Kuhn
// 1955; shortest augmenting paths, Jonker & Volgenant 1987). score: R x C,
// finite. Result: the column of each row, -1 for rows left over when R > C.
// Cost: O(min(R, C)^2 max(R, C)): minutes from some 10,000 on. Errors:
// kCancelled.
absl::StatusOr<std::vector<int32_t>> BestAssignment(const Matrix& score,
                                                    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_ASSIGNMENT_H_
