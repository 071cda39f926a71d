#ifndef MODBOUND_CORE_REPRESENTATION_BLOCK_PRODUCT_H_
#define MODBOUND_CORE_REPRESENTATION_BLOCK_PRODUCT_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

namespace modbound {

// Rows and columns of a block of a product, one work item, and the stretch of
// its sums after which a stop is looked for: some 10 ms.
inline constexpr int64_t kProductBlock = 128;
inline constexpr int64_t kProductStretch = 4096;

// Rows [row, row + rows) and columns [col, col + cols) of left * right (R x K,
// K x C, any dense expressions that give blocks). Errors: kCancelled.
template <typename Left, typename Right>
absl::StatusOr<Matrix> ProductBlock(const Left& left,
                                    const Right& right,
                                    int64_t row,
                                    int64_t rows,
                                    int64_t col,
                                    int64_t cols,
                                    const Execution& execution) {
  Matrix sum = Matrix::Zero(rows, cols);
  for (int64_t at = 0; at < left.cols(); at += kProductStretch) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t size = std::min(kProductStretch, left.cols() - at);
    sum.noalias() +=
        left.block(row, at, rows, size) * right.block(at, col, size, cols);
  }
  return sum;
}

// store(row, col, block) with every block of left * right, in parallel; the
// blocks are the same at any number of threads. Reports blocks as `phase`.
// Errors: kCancelled.
template <typename Left, typename Right, typename Store>
absl::Status ForProductBlocks(const char* phase,
                              const Left& left,
                              const Right& right,
                              const Execution& execution,
                              const Store& store) {
  const int64_t down = (left.rows() + kProductBlock - 1) / kProductBlock;
  const int64_t across = (right.cols() + kProductBlock - 1) / kProductBlock;
  ProgressCounter counter(execution, phase, "blocks", down * across);
  return ParallelFor(
      down * across, execution, [&](int64_t item) -> absl::Status {
        const int64_t row = item / across * kProductBlock;
        const int64_t col = item % across * kProductBlock;
        MODBOUND_ASSIGN_OR_RETURN(
            const Matrix block,
            ProductBlock(left,
                         right,
                         row,
                         std::min(kProductBlock, left.rows() - row),
                         col,
                         std::min(kProductBlock, right.cols() - col),
                         execution));
        store(row, col, block);
        counter.Add(1);
        return absl::OkStatus();
      });
}

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_BLOCK_PRODUCT_H_
