#include "core/modules/signed_factor_weights.h"

#include <utility>

namespace modbound {
namespace {

Matrix ChosenRows(const Matrix& Z, absl::Span<const int32_t> rows) {
  Matrix chosen(static_cast<Eigen::Index>(rows.size()), Z.cols());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    chosen.row(static_cast<Eigen::Index>(r)) = Z.row(rows[r]);
  }
  return chosen;
}

bool AreConsecutive(absl::Span<const int32_t> nodes) {
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i] != nodes[i - 1] + 1) {
      return false;
    }
  }
  return true;
}

}  // namespace

SignedFactorWeights::SignedFactorWeights(Matrix Z,
                                         double above,
                                         double below,
                                         Vector diagonal)
    : ComputedWeights(Z.rows()),
      Z_(std::move(Z)),
      above_(above),
      below_(below),
      diagonal_(std::move(diagonal)) {}

void SignedFactorWeights::MakeTile(absl::Span<const int32_t> rows,
                                   absl::Span<const int32_t> columns,
                                   Matrix& tile) const {
  // In blocks of columns: not all rows of Z are copied at once.
  constexpr std::size_t kBlock = 2048;
  const Matrix left = ChosenRows(Z_, rows);
  for (std::size_t first = 0; first < columns.size(); first += kBlock) {
    const absl::Span<const int32_t> nodes = columns.subspan(first, kBlock);
    const auto width = static_cast<Eigen::Index>(nodes.size());
    auto block = tile.middleCols(static_cast<Eigen::Index>(first), width);
    if (AreConsecutive(nodes)) {
      block.noalias() = left * Z_.middleRows(nodes[0], width).transpose();
    } else {
      block.noalias() = left * ChosenRows(Z_, nodes).transpose();
    }
    block = block.cwiseMax(0.0) * above_ + block.cwiseMin(0.0) * below_;
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (rows[r] == columns[c]) {
        tile(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) =
            diagonal_[rows[r]];
      }
    }
  }
}

double SignedFactorWeights::Diagonal(int64_t i) const { return diagonal_[i]; }

}  // namespace modbound
