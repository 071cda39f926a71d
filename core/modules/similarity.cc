#include "core/modules/similarity.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/activity_moments.h"

namespace modbound {
namespace {

// Units of one work item and of one product inside it. Fixed, so that results
// do not depend on the thread count; small, so that a stop is seen soon.
constexpr Eigen::Index kRowBlock = 128;
constexpr Eigen::Index kColumnBlock = 512;
// Values of a row, or time points, of one item: a million time points must not
// hold a stop up either.
constexpr Eigen::Index kDepthBlock = 8192;

void MirrorUpper(Matrix& values) {
  const Eigen::Index n = values.rows();
  for (Eigen::Index tile = 0; tile < n; tile += kRowBlock) {
    const Eigen::Index rows = std::min(kRowBlock, n - tile);
    for (Eigen::Index i = tile; i < tile + rows; ++i) {
      for (Eigen::Index j = tile; j < i; ++j) {
        values(i, j) = values(j, i);
      }
    }
    const Eigen::Index rest = n - tile - rows;
    values.block(tile + rows, tile, rest, rows) =
        values.block(tile, tile + rows, rows, rest).transpose();
  }
}

// Products of all pairs of rows.
absl::StatusOr<SimilarityMatrix> ProductsOf(
    absl::StatusOr<SimilarityRows> units, const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(units.status());
  const Matrix& rows = units->Z;
  const Eigen::Index n = rows.rows();
  SimilarityMatrix similarity{Matrix(n, n), std::move(units->valid)};
  Matrix& values = similarity.values;
  const int64_t blocks = (n + kRowBlock - 1) / kRowBlock;
  ProgressCounter counter(execution, "similarity", "pairs", n * (n + 1) / 2);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(blocks, execution, [&](int64_t block) {
    const Eigen::Index first = block * kRowBlock;
    const Eigen::Index count = std::min(kRowBlock, n - first);
    for (Eigen::Index column = first; column < n; column += kColumnBlock) {
      const Eigen::Index width = std::min(kColumnBlock, n - column);
      auto products = values.block(first, column, count, width);
      products.setZero();
      for (Eigen::Index k = 0; k < rows.cols(); k += kDepthBlock) {
        if (execution.stopped()) {
          return StoppedError();
        }
        const Eigen::Index depth = std::min(kDepthBlock, rows.cols() - k);
        products.noalias() += rows.block(first, k, count, depth) *
                              rows.block(column, k, width, depth).transpose();
      }
    }
    // Rounding may pass 1 by an ulp or two.
    auto upper = values.block(first, first, count, n - first);
    upper = upper.cwiseMin(1.0).cwiseMax(-1.0);
    counter.Add(count * (n - first) - count * (count - 1) / 2);
    return absl::OkStatus();
  }));
  MirrorUpper(values);
  for (Eigen::Index i = 0; i < n; ++i) {
    values(i, i) = similarity.valid[i] != 0 ? 1 : 0;
  }
  return similarity;
}

// Scales row i to length 1; false, and as it was, for a row of zeros. The
// largest value is divided out first: squares then neither overflow nor vanish.
bool NormaliseRow(Matrix& rows, Eigen::Index i) {
  const double largest =
      rows.cols() > 0 ? rows.row(i).cwiseAbs().maxCoeff() : 0;
  if (largest == 0) {
    return false;
  }
  rows.row(i) /= largest;
  rows.row(i) /= rows.row(i).norm();
  return true;
}

// Rows of zeros become invalid.
absl::StatusOr<SimilarityRows> CosineRows(Matrix rows,
                                          const Execution& execution) {
  std::vector<uint8_t> valid(static_cast<std::size_t>(rows.rows()), 0);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(rows.rows(), execution, [&](int64_t i) {
    valid[i] = NormaliseRow(rows, i) ? 1 : 0;
    return absl::OkStatus();
  }));
  return SimilarityRows{std::move(rows), std::move(valid)};
}

// valid: the rows that are not silent.
absl::StatusOr<SimilarityRows> CorrelationRows(Matrix rows,
                                               std::vector<uint8_t> valid,
                                               const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(ParallelFor(rows.rows(), execution, [&](int64_t i) {
    if (valid[i] == 0) {
      rows.row(i).setZero();
      return absl::OkStatus();
    }
    auto row = rows.row(i).array();
    // The second time takes out the rounding of the first mean.
    row -= row.mean();
    row -= row.mean();
    NormaliseRow(rows, i);
    return absl::OkStatus();
  }));
  return SimilarityRows{std::move(rows), std::move(valid)};
}

absl::StatusOr<Matrix> Transposed(const Matrix& values,
                                  const Execution& execution) {
  Matrix rows(values.cols(), values.rows());
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      values.rows(), kDepthBlock, execution, [&](int64_t first, int64_t count) {
        rows.middleCols(first, count) =
            values.middleRows(first, count).transpose();
        return absl::OkStatus();
      }));
  return rows;
}

// Signs of each row, 64 to a word.
std::vector<uint64_t> PackSigns(const Matrix& weights, std::size_t words) {
  std::vector<uint64_t> bits(static_cast<std::size_t>(weights.rows()) * words,
                             0);
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    for (Eigen::Index j = 0; j < weights.cols(); ++j) {
      if (weights(i, j) > 0) {
        bits[static_cast<std::size_t>(i) * words +
             static_cast<std::size_t>(j) / 64] |= uint64_t{1} << (j % 64);
      }
    }
  }
  return bits;
}

absl::StatusOr<SimilarityMatrix> HammingOf(const Matrix& weights,
                                           const std::string& field,
                                           const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(weights, field));
  const Eigen::Index n = weights.rows();
  if (weights.cols() == 0) {
    return Refuse(reason::kDegenerate,
                  field,
                  field + " holds no values to compare the signs of");
  }
  const auto k = static_cast<double>(weights.cols());
  const std::size_t words =
      (static_cast<std::size_t>(weights.cols()) + 63) / 64;
  const std::vector<uint64_t> bits = PackSigns(weights, words);
  SimilarityMatrix similarity{
      Matrix(n, n), std::vector<uint8_t>(static_cast<std::size_t>(n), 1)};
  ProgressCounter counter(execution, "similarity", "units", n);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(n, execution, [&](int64_t i) {
    const uint64_t* own = bits.data() + static_cast<std::size_t>(i) * words;
    for (Eigen::Index j = 0; j < n; ++j) {
      const uint64_t* other = bits.data() + static_cast<std::size_t>(j) * words;
      int64_t differing = 0;
      for (std::size_t word = 0; word < words; ++word) {
        differing += std::popcount(own[word] ^ other[word]);
      }
      similarity.values(i, j) = 1 - static_cast<double>(differing) / k;
    }
    counter.Add(1);
    return absl::OkStatus();
  }));
  return similarity;
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ActiveColumns(const Matrix& activity,
                                                   const Execution& execution) {
  const double largest =
      activity.size() == 0 ? 0 : activity.cwiseAbs().maxCoeff();
  if (largest == 0) {
    return std::vector<uint8_t>(static_cast<std::size_t>(activity.cols()), 0);
  }
  std::vector<ActivityMoments> blocks(static_cast<std::size_t>(
      (activity.rows() + kDepthBlock - 1) / kDepthBlock));
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      activity.rows(),
      kDepthBlock,
      execution,
      [&](int64_t first, int64_t count) {
        ActivityMoments& moments = blocks[first / kDepthBlock];
        for (Eigen::Index t = first; t < first + count; ++t) {
          // The largest value is divided out: squares must not overflow.
          moments.Add(activity.row(t) / largest);
        }
        return absl::OkStatus();
      }));
  ActivityMoments moments;
  for (const ActivityMoments& block : blocks) {
    moments.Join(block);
  }
  return moments.ActiveUnits();
}

absl::StatusOr<SimilarityRows> CorrelationRowsOfColumns(
    const Matrix& activity, const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(activity, "activity"));
  if (activity.rows() < 2) {
    return Refuse(reason::kDegenerate,
                  "activity",
                  "a correlation needs at least 2 time points, got " +
                      std::to_string(activity.rows()));
  }
  MODBOUND_ASSIGN_OR_RETURN(std::vector<uint8_t> active,
                            ActiveColumns(activity, execution));
  MODBOUND_ASSIGN_OR_RETURN(Matrix rows, Transposed(activity, execution));
  return CorrelationRows(std::move(rows), std::move(active), execution);
}

absl::StatusOr<SimilarityRows> CosineRowsOfColumns(const Matrix& activity,
                                                   const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(activity, "activity"));
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<uint8_t> active,
                            ActiveColumns(activity, execution));
  MODBOUND_ASSIGN_OR_RETURN(Matrix rows, Transposed(activity, execution));
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    if (active[i] == 0) {
      rows.row(i).setZero();
    }
  }
  return CosineRows(std::move(rows), execution);
}

absl::StatusOr<SimilarityMatrix> CorrelationOfColumns(
    const Matrix& activity, const Execution& execution) {
  return ProductsOf(CorrelationRowsOfColumns(activity, execution), execution);
}

absl::StatusOr<SimilarityMatrix> CosineOfColumns(const Matrix& activity,
                                                 const Execution& execution) {
  return ProductsOf(CosineRowsOfColumns(activity, execution), execution);
}

absl::StatusOr<SimilarityMatrix> HammingOfColumns(const Matrix& activity,
                                                  const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const Matrix rows, Transposed(activity, execution));
  MODBOUND_ASSIGN_OR_RETURN(SimilarityMatrix similarity,
                            HammingOf(rows, "activity", execution));
  MODBOUND_ASSIGN_OR_RETURN(similarity.valid,
                            ActiveColumns(activity, execution));
  for (Eigen::Index i = 0; i < similarity.values.rows(); ++i) {
    if (similarity.valid[i] == 0) {
      similarity.values.row(i).setZero();
      similarity.values.col(i).setZero();
    }
  }
  return similarity;
}

absl::StatusOr<SimilarityRows> CorrelationRowsOfRows(
    const Matrix& weights, const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(weights, "weights"));
  if (weights.cols() < 2) {
    return Refuse(reason::kDegenerate,
                  "weights",
                  "a correlation of rows needs at least 2 columns, got " +
                      std::to_string(weights.cols()));
  }
  MODBOUND_ASSIGN_OR_RETURN(const Matrix columns,
                            Transposed(weights, execution));
  MODBOUND_ASSIGN_OR_RETURN(std::vector<uint8_t> active,
                            ActiveColumns(columns, execution));
  return CorrelationRows(weights, std::move(active), execution);
}

absl::StatusOr<SimilarityRows> CosineRowsOfRows(const Matrix& weights,
                                                const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckFinite(weights, "weights"));
  return CosineRows(weights, execution);
}

absl::StatusOr<SimilarityMatrix> CorrelationOfRows(const Matrix& weights,
                                                   const Execution& execution) {
  return ProductsOf(CorrelationRowsOfRows(weights, execution), execution);
}

absl::StatusOr<SimilarityMatrix> CosineOfRows(const Matrix& weights,
                                              const Execution& execution) {
  return ProductsOf(CosineRowsOfRows(weights, execution), execution);
}

absl::StatusOr<SimilarityMatrix> HammingOfRows(const Matrix& weights,
                                               const Execution& execution) {
  return HammingOf(weights, "weights", execution);
}

}  // namespace modbound
