#ifndef MODBOUND_CORE_MODULES_QUALITY_INPUT_H_
#define MODBOUND_CORE_MODULES_QUALITY_INPUT_H_

#include <string_view>

#include "absl/status/status.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// What ModularityProblem::Make refuses: see there. Also kCancelled.
absl::Status CheckQualityInput(const Matrix& weights,
                               const QualityOptions& options,
                               const Matrix* null_matrix,
                               const Execution& execution = Execution());

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

// a_ij = a_ji = their mean: exactly symmetric. Square matrices. In tiles, so
// that the column-wise half stays in cache. Errors: kCancelled.
absl::Status SymmetriseInPlace(Matrix& matrix,
                               const Execution& execution = Execution());

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_QUALITY_INPUT_H_
