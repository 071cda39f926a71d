#ifndef MODBOUND_CORE_LESIONS_STATE_GRID_H_
#define MODBOUND_CORE_LESIONS_STATE_GRID_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/representation/pca.h"

namespace modbound {

// A lattice of states in the plane of the first two principal components.
struct StateGrid {
  // 2 x g: g equally spaced scores from the smallest score - margin to the
  // largest + margin, of each component.
  Matrix axes;
  // g^2 x N: state g a + b = mean + axes(0, a) c_1 + axes(1, b) c_2.
  Matrix states;
};

// pca: of two components or more; g >= 2; margin >= 0.
StateGrid MakeStateGrid(const Pca& pca, int64_t grid, double margin);

}  // namespace modbound

#endif  // MODBOUND_CORE_LESIONS_STATE_GRID_H_
