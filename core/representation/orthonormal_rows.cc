#include "core/representation/orthonormal_rows.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/representation/block_product.h"

namespace modbound {
namespace {

// An axis that others span but for less than this would leave rounding only.
constexpr double kSpanned = 1e-4;

// panel -= (panel basis') basis.
template <typename Basis>
absl::Status TakeOut(const Basis& basis,
                     const Execution& execution,
                     Matrix& panel) {
  Matrix parts(panel.rows(), basis.rows());
  MODBOUND_RETURN_IF_ERROR(ForProductBlocks(
      "",
      panel,
      basis.transpose(),
      execution,
      [&](int64_t row, int64_t col, const Matrix& block) {
        parts.block(row, col, block.rows(), block.cols()) = block;
      }));
  return ForProductBlocks("",
                          parts,
                          basis,
                          execution,
                          [&](int64_t row, int64_t col, const Matrix& block) {
                            panel.block(row, col, block.rows(), block.cols()) -=
                                block;
                          });
}

// Gram-Schmidt of the panel alone. Rows of which no more than `floor` is left
// become 0.
absl::Status OrthonormaliseWithin(double floor,
                                  const Execution& execution,
                                  Matrix& panel) {
  for (int64_t c = 0; c < panel.rows(); ++c) {
    if (execution.stopped()) {
      return StoppedError();
    }
    auto row = panel.row(c);
    for (int pass = 0; pass < 2; ++pass) {
      const Eigen::RowVectorXd parts = row * panel.topRows(c).transpose();
      row.noalias() -= parts * panel.topRows(c);
    }
    const double norm = row.norm();
    if (norm > floor) {
      row /= norm;
    } else {
      row.setZero();
    }
  }
  return absl::OkStatus();
}

// Makes the panel orthonormal and orthogonal to `basis`, whose rows are
// orthonormal or 0. Rows of which no more than `floor` is left become 0.
template <typename Basis>
absl::Status OrthonormalisePanel(double floor,
                                 const Basis& basis,
                                 const Execution& execution,
                                 Matrix& panel) {
  for (const double left : {floor, 0.0}) {
    MODBOUND_RETURN_IF_ERROR(TakeOut(basis, execution, panel));
    MODBOUND_RETURN_IF_ERROR(OrthonormaliseWithin(left, execution, panel));
  }
  return absl::OkStatus();
}

// Unit axes, made orthonormal to all rows, in the place of those that are 0.
absl::Status FillWithAxes(const Execution& execution,
                          ProgressCounter& counter,
                          Matrix& rows) {
  std::vector<int64_t> missing;
  for (int64_t c = 0; c < rows.rows(); ++c) {
    if (rows.row(c).isZero(0)) {
      missing.push_back(c);
    }
  }
  int64_t next_axis = 0;
  for (std::size_t filled = 0;
       filled < missing.size() && next_axis < rows.cols();) {
    const int64_t count =
        std::min({kOrthonormalPanel,
                  static_cast<int64_t>(missing.size() - filled),
                  rows.cols() - next_axis});
    Matrix panel = Matrix::Zero(count, rows.cols());
    for (int64_t i = 0; i < count; ++i) {
      panel(i, next_axis++) = 1;
    }
    MODBOUND_RETURN_IF_ERROR(
        OrthonormalisePanel(kSpanned, rows, execution, panel));
    for (int64_t i = 0; i < count; ++i) {
      if (!panel.row(i).isZero(0)) {
        rows.row(missing[filled++]) = panel.row(i);
        counter.Add(1);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OrthonormaliseRows(double floor,
                                const Execution& execution,
                                Matrix& rows) {
  ProgressCounter counter(execution, "orthonormal rows", "rows", rows.rows());
  const Execution silent = WithoutProgress(execution);
  for (int64_t first = 0; first < rows.rows(); first += kOrthonormalPanel) {
    Matrix panel = rows.middleRows(
        first, std::min(kOrthonormalPanel, rows.rows() - first));
    MODBOUND_RETURN_IF_ERROR(
        OrthonormalisePanel(floor, rows.topRows(first), silent, panel));
    rows.middleRows(first, panel.rows()) = panel;
    counter.Add((panel.rowwise().squaredNorm().array() > 0).count());
  }
  return FillWithAxes(silent, counter, rows);
}

}  // namespace modbound
