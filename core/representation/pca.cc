#include "core/representation/pca.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/representation/symmetric_eigen.h"

namespace modbound {
namespace {

// Side of a block of the Gram matrix, one work item, and the stretch of its
// sums after which a stop is looked for.
constexpr int64_t kBlock = 128;
constexpr int64_t kStretch = 4096;
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
  if (!activity.allFinite()) {
    return Refuse(
        reason::kNotFinite, "activity", "activity holds NaN or infinity");
  }
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

// scale X X' for rows of X (R x K), or scale X' X when `of_columns`.
absl::StatusOr<Matrix> Gram(const Matrix& X,
                            bool of_columns,
                            double scale,
                            const Execution& execution) {
  const int64_t side = of_columns ? X.cols() : X.rows();
  const int64_t length = of_columns ? X.rows() : X.cols();
  const int64_t blocks = (side + kBlock - 1) / kBlock;
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t i = 0; i < blocks; ++i) {
    for (int64_t j = i; j < blocks; ++j) {
      pairs.emplace_back(i * kBlock, j * kBlock);
    }
  }
  Matrix gram(side, side);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(
      static_cast<int64_t>(pairs.size()),
      execution,
      [&](int64_t item) -> absl::Status {
        const auto [a, b] = pairs[static_cast<std::size_t>(item)];
        const int64_t rows = std::min(kBlock, side - a);
        const int64_t cols = std::min(kBlock, side - b);
        Matrix sum = Matrix::Zero(rows, cols);
        for (int64_t at = 0; at < length; at += kStretch) {
          if (execution.stopped()) {
            return StoppedError();
          }
          const int64_t size = std::min(kStretch, length - at);
          if (of_columns) {
            sum.noalias() += X.block(at, a, size, rows).transpose() *
                             X.block(at, b, size, cols);
          } else {
            sum.noalias() += X.block(a, at, rows, size) *
                             X.block(b, at, cols, size).transpose();
          }
        }
        gram.block(a, b, rows, cols) = scale * sum;
        if (a != b) {
          gram.block(b, a, cols, rows) = scale * sum.transpose();
        }
        return absl::OkStatus();
      }));
  return gram;
}

// Components (C x N) from the eigenvectors of Xc Xc' (C x T): the rows of
// vectors Xc, made orthonormal. Where nothing is left, the first unit axis that
// is not yet spanned takes the place.
Matrix ComponentsFromScores(const Matrix& centred, const Matrix& vectors) {
  Matrix components = vectors * centred;
  const double largest = components.rowwise().norm().maxCoeff();
  int64_t next_axis = 0;
  for (int64_t c = 0; c < components.rows(); ++c) {
    auto row = components.row(c);
    const auto orthogonalise = [&] {
      for (int pass = 0; pass < 2; ++pass) {
        const Eigen::RowVectorXd part = row * components.topRows(c).transpose();
        row.noalias() -= part * components.topRows(c);
      }
    };
    const double floor = kNoVariance * largest;
    if (row.norm() > floor) {
      orthogonalise();
    }
    bool spanned = row.norm() <= floor;
    while (spanned && next_axis < components.cols()) {
      row.setZero();
      row(next_axis++) = 1;
      orthogonalise();
      // An axis that others span nearly whole would leave rounding only.
      spanned = row.norm() < 1e-4;
    }
    row.normalize();
  }
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
  MODBOUND_ASSIGN_OR_RETURN(const Matrix gram,
                            Gram(centred, of_columns, scale, execution));
  pca.total_variance = gram.trace();
  MODBOUND_ASSIGN_OR_RETURN(EigenPairs pairs,
                            LeadingEigenPairs(gram, components, execution));
  pca.explained_variance = pairs.values.head(components).cwiseMax(0);
  pca.components = of_columns ? std::move(pairs.vectors)
                              : ComponentsFromScores(centred, pairs.vectors);
  FixSigns(pca.components);
  pca.scores = centred * pca.components.transpose();
  return pca;
}

double PcaBytes(int64_t time, int64_t units, int64_t components) {
  const double T = static_cast<double>(time);
  const double N = static_cast<double>(units);
  const double C = static_cast<double>(components);
  const double side = std::min(T, N);
  return 8 * (T * N + 3 * side * side + C * (3 * side + 2 * N + T) + 3 * N);
}

}  // namespace modbound
