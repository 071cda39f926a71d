#ifndef MODBOUND_CORE_MODULES_FACTOR_PROBLEM_H_
#define MODBOUND_CORE_MODULES_FACTOR_PROBLEM_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/modules/quality.h"
#include "core/modules/similarity.h"

namespace modbound {

// The problem of the similarity W = Z Z' of `units` (rising), without the N x N
// numbers; equal to ModularityProblem::Make of that part of the matrix but for
// the order of additions. Silent units have rows of zeros.
// Cost: N^2 T multiply-adds for the strengths of both signs, made tile by tile,
// in parallel over fixed blocks, in the type that the values were stored in
// (options.epsilon: a strength of float32 has a relative error of some 1e-9);
// memory 2 times Z. For kNegativeSym (W+ - W- = W), kModularity and kUniform
// w is linear in W, so that links come from sums of rows of Z (FactorWeights);
// for kNegativeAsym each pass over the matrix computes it again
// (SignedFactorWeights). options.function: one of these. Errors:
// NEGATIVE_WEIGHT for "matrix" (kModularity), OUT_OF_RANGE for "gamma";
// kCancelled.
absl::StatusOr<ModularityProblem> MakeFactorProblem(
    SimilarityRows rows,
    const std::vector<int64_t>& units,
    const QualityOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FACTOR_PROBLEM_H_
