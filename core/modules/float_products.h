#ifndef MODBOUND_CORE_MODULES_FLOAT_PRODUCTS_H_
#define MODBOUND_CORE_MODULES_FLOAT_PRODUCTS_H_

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/modules/similarity.h"
#include "core/modules/stored_problem.h"

namespace modbound {

// The similarity Z Z' of units in float32, exactly symmetric, 1 on the diagonal
// of valid units: a quarter of the bytes that SimilarityMatrix takes while it
// is made. Cost: N^2 T / 2 multiply-adds, in parallel over fixed blocks.
// Errors: kCancelled.
absl::StatusOr<StoredWeights<float>> FloatProducts(SimilarityRows rows,
                                                   const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FLOAT_PRODUCTS_H_
