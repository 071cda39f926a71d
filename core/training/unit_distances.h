#ifndef MODBOUND_CORE_TRAINING_UNIT_DISTANCES_H_
#define MODBOUND_CORE_TRAINING_UNIT_DISTANCES_H_

#include <cstdint>

#include "core/base/matrix.h"

namespace modbound {

// Places of N units on a regular grid of a x b x c points with spacing 1, as
// near a cube as fits them: a = ceil(N^(1/3)), b = ceil((N/a)^(1/2)), c =
// ceil(N/(a b)); unit i at (i mod a, (i / a) mod b, i / (a b)). 100 units: the
// 5 x 5 x 4 of Achterberg et al. 2023. N x 3.
Matrix GridPositions(int64_t units);

// Euclidean distance of each two rows of `positions` (N x 3): N x N, symmetric,
// diagonal 0.
Matrix Distances(const Matrix& positions);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_UNIT_DISTANCES_H_
