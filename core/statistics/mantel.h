#ifndef MODBOUND_CORE_STATISTICS_MANTEL_H_
#define MODBOUND_CORE_STATISTICS_MANTEL_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Mantel test (Mantel 1967): p = (1 + #{|r_perm| >= |r|}) / (1 + permutations),
// r the Pearson correlation of the upper triangles, r_perm that of a and of b
// with its rows and columns permuted jointly. Permuted values within rounding
// of r (1e-12) count as reached. a, b: N x N symmetric (the upper triangles are
// read), finite. permutations >=
// 1. Result NaN when a triangle is constant.
// Random: permutation i comes from (seed, kMatrixPermutation, i). Cost: O(N^2)
// a permutation, in parallel over permutations. Errors: WRONG_SHAPE;
// kCancelled.
absl::StatusOr<double> MantelP(const Matrix& a,
                               const Matrix& b,
                               int64_t permutations,
                               uint64_t seed,
                               const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_MANTEL_H_
