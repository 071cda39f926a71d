#ifndef MODBOUND_CORE_REPRESENTATION_SYMMETRIC_EIGEN_H_
#define MODBOUND_CORE_REPRESENTATION_SYMMETRIC_EIGEN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// A v = lambda v.
struct EigenPairs {
  Vector values;   // n, all of them, descending
  Matrix vectors;  // count x n, row j of values(j); orthonormal, sign arbitrary
};

// All eigenvalues and the first `count` eigenvectors of a symmetric matrix (n x
// n, finite), 0 <= count <= n. Up to 512 rows by the QR algorithm; above, one
// that can be stopped at any time and computes only the vectors asked for:
// Householder's reduction to tridiagonal form, its eigenvalues by QR, its
// vectors by inverse iteration (Golub & Van Loan 2013, 8.3 and 8.4).
// Cost: 4/3 n^3 + n^2 count. Errors: kCancelled.
absl::StatusOr<EigenPairs> LeadingEigenPairs(const Matrix& symmetric,
                                             int64_t count,
                                             const Execution& execution);

namespace internal {
// The second way, for any size.
absl::StatusOr<EigenPairs> EigenPairsByTridiagonal(const Matrix& symmetric,
                                                   int64_t count,
                                                   const Execution& execution);
}  // namespace internal

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_SYMMETRIC_EIGEN_H_
