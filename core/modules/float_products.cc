#include "core/modules/float_products.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

// Rows and columns of a tile, and the time points of one product of it.
constexpr int64_t kProductTile = 256;
constexpr int64_t kProductDepth = 8192;

std::shared_ptr<float> AllocateFloats(int64_t count) {
  constexpr std::size_t kAlignment = 64;
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
  void* floats =
      std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment);
  if (floats == nullptr) {
    throw std::bad_alloc();
  }
  return {static_cast<float*>(floats), std::free};
}

}  // namespace

absl::StatusOr<StoredWeights<float>> FloatProducts(SimilarityRows rows,
                                                   const Execution& execution) {
  const FloatMatrix Z = rows.Z.cast<float>();
  rows.Z.resize(0, 0);
  const int64_t n = Z.rows();
  StoredWeights<float> weights;
  weights.values = AllocateFloats(n * n);
  weights.size = n;
  weights.checked = weights.symmetric = true;
  Eigen::Map<FloatMatrix> values(weights.values.get(), n, n);
  ProgressCounter counter(execution, "similarity", "pairs", n * (n + 1) / 2);
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kProductTile, execution, [&](int64_t first, int64_t count) {
        for (int64_t column = first; column < n; column += kProductTile) {
          const int64_t width = std::min(kProductTile, n - column);
          FloatMatrix tile = FloatMatrix::Zero(count, width);
          for (int64_t k = 0; k < Z.cols(); k += kProductDepth) {
            if (execution.stopped()) {
              return StoppedError();
            }
            const int64_t depth = std::min(kProductDepth, Z.cols() - k);
            tile.noalias() += Z.block(first, k, count, depth) *
                              Z.block(column, k, width, depth).transpose();
          }
          // Rounding may pass 1 by an ulp or two.
          tile = tile.cwiseMin(1.0F).cwiseMax(-1.0F).eval();
          if (column == first) {
            tile.triangularView<Eigen::StrictlyLower>() =
                tile.transpose().eval();
            for (int64_t i = 0; i < count; ++i) {
              tile(i, i) = rows.valid[first + i] != 0 ? 1 : 0;
            }
          }
          values.block(first, column, count, width) = tile;
          values.block(column, first, width, count) = tile.transpose();
        }
        counter.Add(count * (n - first) - count * (count - 1) / 2);
        return absl::OkStatus();
      }));
  return weights;
}

}  // namespace modbound
