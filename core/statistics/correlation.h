#ifndef MODBOUND_CORE_STATISTICS_CORRELATION_H_
#define MODBOUND_CORE_STATISTICS_CORRELATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// A correlation coefficient and its two-sided p for independent normal pairs:
// t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom. All NaN when
// a side is constant or n < 2; for n = 2 p is 1 and t NaN.
struct Correlation {
  double r = 0;
  double p = 1;
  double t = 0;  // infinite where |r| is 1
};

// Pearson's r of two vectors of one length n. Values must be finite. Relative
// accuracy of p 1e-8 down to 1e-280.
Correlation PearsonCorrelation(const Eigen::Ref<const Vector>& x,
                               const Eigen::Ref<const Vector>& y);

// Spearman's rank correlation: Pearson's r of AverageRanks. Threads and cost:
// see there. Errors: kCancelled.
absl::StatusOr<Correlation> SpearmanCorrelation(
    const Eigen::Ref<const Vector>& x,
    const Eigen::Ref<const Vector>& y,
    const Execution& execution);

// Elements above the diagonal of a square matrix, row by row: n (n - 1) / 2.
Vector UpperTriangle(const Matrix& matrix);

// The same of the submatrix of `units` (indices into the matrix).
Vector UpperTriangle(const Matrix& matrix, const std::vector<int64_t>& units);

}  // namespace modbound

#endif  // MODBOUND_CORE_STATISTICS_CORRELATION_H_
