#include "core/representation/pca.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/representation/block_product.h"
#include "core/representation/orthonormal_rows.h"
#include "core/representation/symmetric_eigen.h"

namespace modbound {
namespace {

// A component is one of no variance when what Xc makes of its score vector is
// below this part of the largest: rounding.
constexpr double kNoVariance = 1e-10;

absl::Status CheckInput(const Matrix& activity, int64_t components) {
  const int64_t most = std::min(activity.rows(), activity.cols());
  if (activity.rows() < 2) {
    return Refuse(reason::kDegenerate,
                  "activity",
                  absl::StrCat("activity has ",
                               activity.rows(),
                               " time points; principal components need 2"));
  }
  MODBOUND_RETURN_IF_ERROR(CheckFinite(activity, "activity"));
  if (components < 1 || components > most) {
    return Refuse(reason::kOutOfRange,
                  "components",
                  absl::StrCat("components is ",
                               components,
                               "; allowed: 1 to ",
                               most,
                               ", the smaller of time points and units"));
  }
  return absl::OkStatus();
}

// scale left * right where that is symmetric: the blocks of the upper triangle,
// mirrored.
template <typename Left, typename Right>
absl::StatusOr<Matrix> SymmetricProduct(const Left& left,
                                        const Right& right,
                                        double scale,
                                        const Execution& execution) {
  const int64_t side = left.rows();
  std::vector<std::pair<int64_t, int64_t>> blocks;
  for (int64_t i = 0; i < side; i += kProductBlock) {
    for (int64_t j = i; j < side; j += kProductBlock) {
      blocks.emplace_back(i, j);
    }
  }
  ProgressCounter counter(
      execution, "covariance", "blocks", static_cast<int64_t>(blocks.size()));
  Matrix product(side, side);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(
      static_cast<int64_t>(blocks.size()),
      execution,
      [&](int64_t item) -> absl::Status {
        const auto [i, j] = blocks[static_cast<std::size_t>(item)];
        const int64_t rows = std::min(kProductBlock, side - i);
        const int64_t cols = std::min(kProductBlock, side - j);
        MODBOUND_ASSIGN_OR_RETURN(
            const Matrix block,
            ProductBlock(left, right, i, rows, j, cols, execution));
        product.block(i, j, rows, cols) = scale * block;
        if (i != j) {
          product.block(j, i, cols, rows) = scale * block.transpose();
        }
        counter.Add(1);
        return absl::OkStatus();
      }));
  return product;
}

// left * right.
template <typename Left, typename Right>
absl::StatusOr<Matrix> Product(const char* phase,
                               const Left& left,
                               const Right& right,
                               const Execution& execution) {
  Matrix product(left.rows(), right.cols());
  MODBOUND_RETURN_IF_ERROR(ForProductBlocks(
      phase,
      left,
      right,
      execution,
      [&](int64_t row, int64_t col, const Matrix& block) {
        product.block(row, col, block.rows(), block.cols()) = block;
      }));
  return product;
}

// Components (C x N) from the eigenvectors of Xc Xc' (C x T): the rows of
// vectors Xc, made orthonormal.
absl::StatusOr<Matrix> ComponentsFromScores(const Matrix& centred,
                                            const Matrix& vectors,
                                            const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(Matrix components,
                            Product("components", vectors, centred, execution));
  const double largest = components.rowwise().norm().maxCoeff();
  MODBOUND_RETURN_IF_ERROR(
      OrthonormaliseRows(kNoVariance * largest, execution, components));
  return components;
}

void FixSigns(Matrix& components) {
  for (int64_t c = 0; c < components.rows(); ++c) {
    int64_t at = 0;
    for (int64_t i = 1; i < components.cols(); ++i) {
      if (std::abs(components(c, i)) > std::abs(components(c, at))) {
        at = i;
      }
    }
    if (components(c, at) < 0) {
      components.row(c) *= -1;
    }
  }
}

}  // namespace

absl::StatusOr<Pca> ComputePca(const Matrix& activity,
                               int64_t components,
                               const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckInput(activity, components));
  const int64_t T = activity.rows();
  Pca pca;
  pca.mean = activity.colwise().mean().transpose();
  const Matrix centred = activity.rowwise() - pca.mean.transpose();
  const double scale = 1 / static_cast<double>(T - 1);
  const bool of_columns = activity.cols() <= T;
  MODBOUND_ASSIGN_OR_RETURN(
      const Matrix gram,
      of_columns
          ? SymmetricProduct(centred.transpose(), centred, scale, execution)
          : SymmetricProduct(centred, centred.transpose(), scale, execution));
  pca.total_variance = gram.trace();
  MODBOUND_ASSIGN_OR_RETURN(EigenPairs pairs,
                            LeadingEigenPairs(gram, components, execution));
  pca.explained_variance = pairs.values.head(components).cwiseMax(0);
  if (of_columns) {
    pca.components = std::move(pairs.vectors);
  } else {
    MODBOUND_ASSIGN_OR_RETURN(
        pca.components,
        ComponentsFromScores(centred, pairs.vectors, execution));
  }
  FixSigns(pca.components);
  MODBOUND_ASSIGN_OR_RETURN(
      pca.scores,
      Product("scores", centred, pca.components.transpose(), execution));
  return pca;
}

double PcaBytes(int64_t time, int64_t units, int64_t components) {
  const double T = static_cast<double>(time);
  const double N = static_cast<double>(units);
  const double C = static_cast<double>(components);
  const double side = std::min(T, N);
  const double panels = static_cast<double>(kOrthonormalPanel) * (N + C);
  return 8 * (T * N + 3 * side * side + C * (3 * side + 2 * N + T) + 3 * N +
              panels);
}

}  // namespace modbound
