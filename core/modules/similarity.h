#ifndef MODBOUND_CORE_MODULES_SIMILARITY_H_
#define MODBOUND_CORE_MODULES_SIMILARITY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// Similarity of N units. values: N x N, exactly symmetric, exactly 1 on the
// diagonal of valid units. valid[i] is 0 for a unit without a similarity
// (silent, or an all-zero row): its row, column and diagonal are 0.
struct SimilarityMatrix {
  Matrix values;
  std::vector<uint8_t> valid;
};

// Units as rows whose products Z Z' are their similarity: of length 1, or all
// zero where valid[i] is 0. N x T.
struct SimilarityRows {
  Matrix Z;
  std::vector<uint8_t> valid;
};

// valid[i] = 0 for the silent columns of activity (T x N), as ActivityMoments
// defines them. Errors: kCancelled.
absl::StatusOr<std::vector<uint8_t>> ActiveColumns(const Matrix& activity,
                                                   const Execution& execution);

// Pearson correlation of the columns of activity (T x N, finite). Columns are
// centred first. Silent columns as above. Cost: N^2 T / 2 multiply-adds, in
// parallel over fixed blocks. Errors: NOT_FINITE for "activity"; DEGENERATE for
// T < 2; kCancelled.
absl::StatusOr<SimilarityMatrix> CorrelationOfColumns(
    const Matrix& activity, const Execution& execution);

// Cosine <x, y> / (|x| |y|) of the columns of activity (T x N). Silent columns
// as above: a unit that never changes says nothing about modules. Errors:
// NOT_FINITE for "activity"; kCancelled.
absl::StatusOr<SimilarityMatrix> CosineOfColumns(const Matrix& activity,
                                                 const Execution& execution);

// 1 - (number of differing signs) / T of the columns of activity (T x N, T >=
// 1), a sign being [activity > 0]. Silent columns as above. Errors: as above;
// DEGENERATE for T = 0.
absl::StatusOr<SimilarityMatrix> HammingOfColumns(const Matrix& activity,
                                                  const Execution& execution);

// Pearson correlation of the rows of weights (N x k); silent rows as columns of
// activity are. Errors: NOT_FINITE for "weights"; DEGENERATE for k < 2;
// kCancelled.
absl::StatusOr<SimilarityMatrix> CorrelationOfRows(const Matrix& weights,
                                                   const Execution& execution);

// Cosine of the rows of weights (N x k); a row of zeros only is invalid.
// Errors: NOT_FINITE for "weights"; kCancelled.
absl::StatusOr<SimilarityMatrix> CosineOfRows(const Matrix& weights,
                                              const Execution& execution);

// 1 - (number of differing signs) / k of the rows of weights (N x k, k >= 1).
// All units are valid. Errors: as above; DEGENERATE for k = 0.
absl::StatusOr<SimilarityMatrix> HammingOfRows(const Matrix& weights,
                                               const Execution& execution);

// The rows whose products are the similarity of the function of the same name
// above, with its errors: for who does not need the N x N products.
absl::StatusOr<SimilarityRows> CorrelationRowsOfColumns(
    const Matrix& activity, const Execution& execution);
absl::StatusOr<SimilarityRows> CosineRowsOfColumns(const Matrix& activity,
                                                   const Execution& execution);
absl::StatusOr<SimilarityRows> CorrelationRowsOfRows(
    const Matrix& weights, const Execution& execution);
absl::StatusOr<SimilarityRows> CosineRowsOfRows(const Matrix& weights,
                                                const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_SIMILARITY_H_
