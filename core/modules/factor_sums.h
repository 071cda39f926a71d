#ifndef MODBOUND_CORE_MODULES_FACTOR_SUMS_H_
#define MODBOUND_CORE_MODULES_FACTOR_SUMS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// For each of many labellings of the rows of Z (N x T): the sum over modules m
// of |S_m|^2, S_m being the sum of the rows of m, which is the sum of z_i . z_j
// over all ordered pairs of one label, i = j included.
// Labels 0 ..., few of them unused. Each value of Z is read once for some
// labellings. Each number is the same, bit for bit, whatever else is in the
// batch. Cost: N T additions a labelling; in parallel over fixed blocks of
// columns. Errors: kCancelled.
absl::StatusOr<std::vector<double>> SquaredModuleSums(
    const Matrix& Z,
    const std::vector<Labels>& batch,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FACTOR_SUMS_H_
