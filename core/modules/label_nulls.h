#ifndef MODBOUND_CORE_MODULES_LABEL_NULLS_H_
#define MODBOUND_CORE_MODULES_LABEL_NULLS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/statistics/variogram_surrogates.h"

namespace modbound {

// Makes draws first ... first + count - 1 of a null: each the given labels (>=
// 0, without gaps) in another order, so that modules keep their sizes. Threads:
// safe from all; a draw is the same in whatever block. Errors: kCancelled.
using LabelNull = std::function<absl::StatusOr<std::vector<Labels>>(
    const Labels& labels, int64_t first, int64_t count)>;

// Labels permuted among the units. Random: draw i from (seed,
// kLabelPermutation, i).
LabelNull PermutedLabels(uint64_t seed);

// Labels as smooth in space as the given ones. They are ordinal here: of each
// draw the modules are numbered at random, and the numbers of the units are the
// original map and, permuted, the start of a variogram surrogate, in whose
// order the numbers are given back to the units. `surrogates` is of the
// labelled units and must outlive the null; `execution` tells of a stop.
// Random: draw i from (seed, kVariogramSurrogate, i).
LabelNull VariogramLabels(const VariogramSurrogates& surrogates,
                          uint64_t seed,
                          const Execution& execution);

// Refuses what are no distances of n units: WRONG_SHAPE, NOT_FINITE,
// NOT_SYMMETRIC (beyond 64 epsilon of the largest), OUT_OF_RANGE for one below
// 0, of "distances"; kCancelled.
absl::Status CheckDistances(const Matrix& distances,
                            int64_t n,
                            double epsilon,
                            const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LABEL_NULLS_H_
