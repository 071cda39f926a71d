#ifndef MODBOUND_CORE_TRAINING_MULTIPLY_H_
#define MODBOUND_CORE_TRAINING_MULTIPLY_H_

#include <algorithm>
#include <cstdint>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "core/base/execution.h"

namespace modbound {

// Products larger than this many multiply-adds are done in pieces of columns,
// so that a stop is seen within some 50 ms.
inline constexpr double kPieceWork = 1e9;

// result (=, or += when `add`) left * right, in pieces of columns of the
// result, which must not be a part of either. Errors: kCancelled.
template <typename Left, typename Right, typename Result>
absl::Status Multiply(const Left& left,
                      const Right& right,
                      bool add,
                      const Execution& execution,
                      Result&& result) {
  const double column_work =
      static_cast<double>(left.rows()) * static_cast<double>(left.cols());
  const auto piece = static_cast<int64_t>(
      std::clamp(kPieceWork / std::max(column_work, 1.0), 1.0, 1e9));
  for (int64_t first = 0; first < result.cols(); first += piece) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t count = std::min(piece, result.cols() - first);
    auto columns = result.middleCols(first, count);
    if (add) {
      columns.noalias() += left * right.middleCols(first, count);
    } else {
      columns.noalias() = left * right.middleCols(first, count);
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_MULTIPLY_H_
