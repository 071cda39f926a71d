#include "core/modules/factor_problem.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/factor_weights.h"
#include "core/modules/quality_input.h"
#include "core/modules/quality_null.h"
#include "core/modules/row_sums.h"
#include "core/modules/signed_factor_weights.h"

namespace modbound {
namespace {

// Units of one work item, and columns of one of its products.
constexpr int64_t kTileRows = 512;
constexpr int64_t kTileColumns = 512;
// Time points of a product: a stop is asked for between two.
constexpr int64_t kTileDepth = 8192;

// What the pairs of one work item's units with later ones add to the strengths
// of all.
struct PairSums {
  Vector plus;
  Vector minus;
  double smallest = 0;
};

// Products of the units from `row` on and those from `column` on. AnyMatrix:
// Matrix or FloatMatrix.
template <typename AnyMatrix>
absl::Status MakeProducts(const AnyMatrix& Z,
                          int64_t row,
                          int64_t column,
                          const Execution& execution,
                          AnyMatrix& products) {
  products.setZero();
  for (int64_t k = 0; k < Z.cols(); k += kTileDepth) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t depth = std::min(kTileDepth, Z.cols() - k);
    products.noalias() +=
        Z.block(row, k, products.rows(), depth) *
        Z.block(column, k, products.cols(), depth).transpose();
  }
  return absl::OkStatus();
}

// Adds products (i, j), row + i < column + j, to the sums of both units.
template <typename AnyMatrix>
void AddPairs(AnyMatrix& products,
              int64_t row,
              int64_t column,
              PairSums& sums) {
  using Scalar = typename AnyMatrix::Scalar;
  if (row == column) {
    products.template triangularView<Eigen::Lower>().setZero();
  }
  const int64_t width = products.cols();
  double* plus = sums.plus.data() + column;
  double* minus = sums.minus.data() + column;
  for (int64_t i = 0; i < products.rows(); ++i) {
    const Scalar* product = products.data() + i * width;
    const SignedSum sum = SumBySign(product, width);
    for (int64_t j = 0; j < width; ++j) {
      plus[j] += std::max(product[j], Scalar{0});
      minus[j] += std::max(-product[j], Scalar{0});
    }
    sums.plus[row + i] += sum.plus;
    sums.minus[row + i] += sum.minus;
  }
  sums.smallest = std::min<double>(sums.smallest, products.minCoeff());
}

// Strengths of Z Z' with a diagonal of its own, and its smallest element.
struct FactorStrengths {
  StrengthsBySign k;
  double smallest = 0;
};

// Sums over the pairs of units row ... row + count - 1 with later ones.
template <typename AnyMatrix>
absl::Status SumPairs(const AnyMatrix& Z,
                      int64_t row,
                      int64_t count,
                      const Execution& execution,
                      PairSums& sums) {
  const int64_t n = Z.rows();
  sums = {Vector::Zero(n), Vector::Zero(n)};
  for (int64_t column = row; column < n; column += kTileColumns) {
    AnyMatrix products(count, std::min(kTileColumns, n - column));
    MODBOUND_RETURN_IF_ERROR(MakeProducts(Z, row, column, execution, products));
    AddPairs(products, row, column, sums);
  }
  return absl::OkStatus();
}

template <typename AnyMatrix>
absl::StatusOr<FactorStrengths> StrengthsOfProducts(
    const AnyMatrix& Z, const Vector& diagonal, const Execution& execution) {
  const int64_t n = Z.rows();
  std::vector<PairSums> of_blocks(
      static_cast<std::size_t>((n + kTileRows - 1) / kTileRows));
  ProgressCounter counter(execution, "strengths", "pairs", n * (n + 1) / 2);
  MODBOUND_RETURN_IF_ERROR(ParallelForBlocks(
      n, kTileRows, execution, [&](int64_t row, int64_t count) {
        absl::Status status =
            SumPairs(Z, row, count, execution, of_blocks[row / kTileRows]);
        counter.Add(count * (n - row) - count * (count - 1) / 2);
        return status;
      }));
  FactorStrengths strengths{{diagonal, Vector::Zero(n)}, 0};
  for (const PairSums& sums : of_blocks) {
    strengths.k.plus += sums.plus;
    strengths.k.minus += sums.minus;
    strengths.smallest = std::min(strengths.smallest, sums.smallest);
  }
  return strengths;
}

// diagonal: of W.
std::shared_ptr<const Weights> WeightsOfParts(const QualityParts& parts,
                                              Matrix Z,
                                              FloatMatrix float_Z,
                                              const Vector& diagonal) {
  if (parts.above == parts.below) {
    return std::make_shared<FactorWeights>(
        std::move(Z), std::move(float_Z), parts.above, parts.above * diagonal);
  }
  return std::make_shared<SignedFactorWeights>(
      std::move(Z), parts.above, parts.below, parts.above * diagonal);
}

}  // namespace

absl::StatusOr<ModularityProblem> MakeFactorProblem(
    SimilarityRows rows,
    const std::vector<int64_t>& units,
    const QualityOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckGamma(options.gamma));
  Vector diagonal = Vector::Zero(static_cast<Eigen::Index>(units.size()));
  for (std::size_t i = 0; i < units.size() && options.keep_diagonal; ++i) {
    diagonal[static_cast<Eigen::Index>(i)] = rows.valid[units[i]] != 0 ? 1 : 0;
  }
  if (units.size() < rows.valid.size()) {
    rows.Z = rows.Z(units, Eigen::all).eval();
  }
  FloatMatrix float_Z = rows.Z.cast<float>();
  const bool is_float = options.epsilon > 0x1p-52;
  MODBOUND_ASSIGN_OR_RETURN(
      FactorStrengths strengths,
      is_float ? StrengthsOfProducts(float_Z, diagonal, execution)
               : StrengthsOfProducts(rows.Z, diagonal, execution));
  if (options.function == QualityFunction::kModularity) {
    MODBOUND_RETURN_IF_ERROR(CheckNotNegative(strengths.smallest));
  }
  QualityParts parts = PartsOf(std::move(strengths.k), options);
  return ModularityProblem(
      WeightsOfParts(parts, std::move(rows.Z), std::move(float_Z), diagonal),
      std::move(parts.k_plus),
      parts.c_plus,
      std::move(parts.k_minus),
      parts.c_minus,
      1,
      parts.zero_unit);
}

}  // namespace modbound
