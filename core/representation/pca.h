#ifndef MODBOUND_CORE_REPRESENTATION_PCA_H_
#define MODBOUND_CORE_REPRESENTATION_PCA_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Principal components of activity X (T x N). Xc = X - mean.
struct Pca {
  Vector mean;                // N, of each unit
  Vector explained_variance;  // C, eigenvalues of Xc'Xc / (T-1), descending
  double total_variance = 0;  // sum of all of them, those left out included
  // C x N, orthonormal rows; the loading of largest magnitude (the first of
  // equals) is positive.
  Matrix components;
  Matrix scores;  // T x C: Xc components'
};

// The first C components of activity (T x N, finite, T >= 2), 1 <= C <= min(T,
// N). Eigenvalues are >= 0. Components of no variance complete an orthonormal
// set. Cost: T N min(T, N) for the smaller of Xc'Xc and Xc Xc', and the cube of
// its side. Threads: result independent of their number. Errors: DEGENERATE for
// "activity" when T < 2; NOT_FINITE; OUT_OF_RANGE for "components"; kCancelled.
absl::StatusOr<Pca> ComputePca(const Matrix& activity,
                               int64_t components,
                               const Execution& execution);

// Bytes that ComputePca holds besides the activity, its result included.
double PcaBytes(int64_t time, int64_t units, int64_t components);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_PCA_H_
