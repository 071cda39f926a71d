#include "core/statistics/mantel.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/kept_blocks.h"
#include "core/base/random.h"

namespace modbound {
namespace {

// The matrix with its off-diagonal elements centred and scaled to a sum of
// squares of 1 over the upper triangle, the lower one mirrored and the diagonal
// 0; empty when they are constant. A correlation is then one sum of products.
Matrix Standardised(const Matrix& matrix) {
  const Eigen::Index n = matrix.rows();
  Matrix upper = matrix.triangularView<Eigen::StrictlyUpper>();
  const double count = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  const double first = matrix(0, 1);
  bool constant = true;
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = i + 1; j < n; ++j) {
      constant = constant && upper(i, j) == first;
    }
  }
  if (constant) {
    return Matrix();
  }
  upper /= upper.cwiseAbs().maxCoeff();
  for (int pass = 0; pass < 2; ++pass) {
    const double mean = upper.sum() / count;
    for (Eigen::Index i = 0; i < n; ++i) {
      upper.row(i).tail(n - 1 - i).array() -= mean;
    }
  }
  upper /= upper.norm();
  return upper + upper.transpose();
}

// Correlation of a with b's rows and columns taken in `order`; of no meaning
// once stopped. Lanes of partial
// sums let the compiler use vectors without reordering a sum on its own.
double PermutedCorrelation(const Matrix& a,
                           const Matrix& b,
                           const std::vector<int32_t>& order,
                           const Execution& execution) {
  const Eigen::Index n = a.rows();
  double total = 0;
  for (Eigen::Index i = 0; i < n && !execution.stopped(); ++i) {
    const double* a_row = a.data() + i * n;
    const double* b_row = b.data() + Eigen::Index{order[i]} * n;
    double lanes[4] = {0, 0, 0, 0};
    Eigen::Index j = i + 1;
    for (; j + 4 <= n; j += 4) {
      for (int lane = 0; lane < 4; ++lane) {
        lanes[lane] += a_row[j + lane] * b_row[order[j + lane]];
      }
    }
    for (; j < n; ++j) {
      lanes[0] += a_row[j] * b_row[order[j]];
    }
    total += (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  }
  return total;
}

}  // namespace

absl::StatusOr<double> MantelP(const Matrix& a,
                               const Matrix& b,
                               int64_t permutations,
                               uint64_t seed,
                               const Execution& execution) {
  const Eigen::Index n = a.rows();
  if (n != a.cols() || n != b.rows() || n != b.cols()) {
    return Refuse(reason::kWrongShape,
                  "b",
                  "the two matrices must be square and of one size, got " +
                      std::to_string(a.rows()) + " x " +
                      std::to_string(a.cols()) + " and " +
                      std::to_string(b.rows()) + " x " +
                      std::to_string(b.cols()));
  }
  if (n < 2) {
    return kNaN;
  }
  const Matrix x = Standardised(a);
  if (execution.stopped()) {
    return StoppedError();
  }
  const Matrix y = Standardised(b);
  if (x.size() == 0 || y.size() == 0) {
    return kNaN;
  }
  std::vector<int32_t> identity(static_cast<std::size_t>(n));
  std::iota(identity.begin(), identity.end(), 0);
  const double observed =
      std::abs(PermutedCorrelation(x, y, identity, execution)) - 1e-12;
  std::vector<uint8_t> reached(static_cast<std::size_t>(permutations));
  KeptBlocks blocks;
  blocks.phase = "permutations";
  blocks.unit = "permutations";
  blocks.count = permutations;
  KeepArray(reached.data(), 1, blocks);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      blocks, execution, [&](int64_t index, int64_t) -> absl::Status {
        RandomStream random(seed,
                            RandomPurpose::kMatrixPermutation,
                            static_cast<uint64_t>(index));
        std::vector<int32_t> order = identity;
        random.Shuffle(order);
        reached[static_cast<std::size_t>(index)] =
            std::abs(PermutedCorrelation(x, y, order, execution)) >= observed
                ? 1
                : 0;
        if (execution.stopped()) {
          return StoppedError();
        }
        return absl::OkStatus();
      }));
  const int64_t count =
      std::accumulate(reached.begin(), reached.end(), int64_t{0});
  return static_cast<double>(1 + count) / static_cast<double>(1 + permutations);
}

}  // namespace modbound
