#include "core/training/outer_product.h"

#include <algorithm>

#include "core/training/panels.h"

namespace modbound {
namespace {

// So many bytes of a panel of `left` stay in the first-level cache while they
// meet all columns.
constexpr int64_t kPanelBytes = int64_t{16} << 10;

}  // namespace

template <typename Scalar>
void AddOuterProducts(const Scalar* left,
                      int64_t left_stride,
                      int64_t rows,
                      const Scalar* right,
                      int64_t right_stride,
                      int64_t n,
                      int64_t depth,
                      Scalar* result,
                      int64_t result_stride,
                      bool wide) {
  const internal::Panels<Scalar> panels(rows, wide);
  // The same for every panel: where sums are cut decides their rounding.
  constexpr int64_t kPiece =
      kPanelBytes / (internal::kMaxTileRegisters * internal::kRegisterBytes);
  for (int64_t first = 0; first < depth; first += kPiece) {
    const int64_t piece = std::min(kPiece, depth - first);
    for (int64_t p = 0; p < panels.count(); ++p) {
      const internal::Panel panel = panels[p];
      const internal::TileFactors<Scalar> factors{
          left + first * left_stride + panel.begin,
          left_stride,
          right + first * right_stride,
          right_stride,
          1,
          piece};
      internal::AddPanel(
          panel, factors, n, result_stride, result + panel.begin);
    }
  }
}

template void AddOuterProducts(const float*,
                               int64_t,
                               int64_t,
                               const float*,
                               int64_t,
                               int64_t,
                               int64_t,
                               float*,
                               int64_t,
                               bool);
template void AddOuterProducts(const double*,
                               int64_t,
                               int64_t,
                               const double*,
                               int64_t,
                               int64_t,
                               int64_t,
                               double*,
                               int64_t,
                               bool);

}  // namespace modbound
