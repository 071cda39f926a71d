#ifndef MODBOUND_CORE_MODULES_QUALITY_INPUT_H_
#define MODBOUND_CORE_MODULES_QUALITY_INPUT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// What ModularityProblem::Make refuses: see there. Also kCancelled.
absl::Status CheckQualityInput(const Eigen::Ref<const Matrix>& weights,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution = Execution());
// OUT_OF_RANGE for "quality" kCustom, which takes no weights in float32.
absl::Status CheckQualityInput(const Eigen::Ref<const FloatMatrix>& weights,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution = Execution());

// The units of label >= 0. Errors: WRONG_SHAPE or BAD_LABELS for "labels" of
// n units; DEGENERATE when no unit is left.
absl::StatusOr<std::vector<int64_t>> CheckedUnits(const Labels& labels,
                                                  int64_t n);

// OUT_OF_RANGE for "gamma" unless it is > 0 and finite.
absl::Status CheckGamma(double gamma);

// NEGATIVE_WEIGHT for "matrix", which kModularity refuses, when its smallest
// weight is below 0.
absl::Status CheckNotNegative(double smallest);

// NOT_SYMMETRIC for `field` when some |a_ij - a_ji| > 64 epsilon max|a|; names
// the worst pair. Square matrices. Also kCancelled.
absl::Status CheckSymmetric(const Matrix& matrix,
                            double epsilon,
                            std::string_view field,
                            const Execution& execution = Execution());

// An error about a matrix that the caller of an analysis did not give, for
// example a correlation with weights below 0 where the quality function takes
// none, said of the field "quality". Other errors stay as they are.
absl::Status AsQualityError(const absl::Status& status);

// a_ij = a_ji = their mean: exactly symmetric. Square matrices. In parallel, in
// tiles, so that the column-wise half stays in cache. Errors: kCancelled.
absl::Status SymmetriseInPlace(Matrix& matrix,
                               const Execution& execution = Execution());
// The same of n x n values, row-major.
absl::Status SymmetriseInPlace(double* values,
                               int64_t n,
                               const Execution& execution);
absl::Status SymmetriseInPlace(float* values,
                               int64_t n,
                               const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_QUALITY_INPUT_H_
