#include "core/lesions/state_grid.h"

#include "core/base/check.h"

namespace modbound {

StateGrid MakeStateGrid(const Pca& pca, int64_t grid, double margin) {
  MODBOUND_DCHECK(pca.components.rows() >= 2 && grid >= 2);
  StateGrid result{Matrix(2, grid), Matrix(grid * grid, pca.components.cols())};
  for (int64_t c = 0; c < 2; ++c) {
    const double low = pca.scores.col(c).minCoeff() - margin;
    const double high = pca.scores.col(c).maxCoeff() + margin;
    const double step = (high - low) / static_cast<double>(grid - 1);
    for (int64_t a = 0; a < grid; ++a) {
      result.axes(c, a) = low + static_cast<double>(a) * step;
    }
    result.axes(c, grid - 1) = high;
  }
  for (int64_t a = 0; a < grid; ++a) {
    for (int64_t b = 0; b < grid; ++b) {
      result.states.row(grid * a + b) =
          pca.mean.transpose() + result.axes(0, a) * pca.components.row(0) +
          result.axes(1, b) * pca.components.row(1);
    }
  }
  return result;
}

}  // namespace modbound
