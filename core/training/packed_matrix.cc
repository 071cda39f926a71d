#include "core/training/packed_matrix.h"

#include <algorithm>

#include "core/training/panels.h"

namespace modbound {

template <typename Scalar>
void PackedMatrix<Scalar>::PackFrom(const Scalar* values,
                                    int64_t rows,
                                    int64_t cols,
                                    int64_t row_step,
                                    int64_t column_step) {
  cols_ = cols;
  values_.setZero(internal::PaddedRows<Scalar>(rows) * cols);
  const internal::Panels<Scalar> panels(rows, wide_);
  panels_.clear();
  for (int64_t p = 0; p < panels.count(); ++p) {
    panels_.push_back(panels[p]);
    const int64_t first = panels[p].begin;
    const int64_t height = panels[p].rows;
    const int64_t count = std::min(height, rows - first);
    Scalar* panel = values_.data() + first * cols;
    for (int64_t k = 0; k < cols; ++k) {
      const Scalar* from = values + first * row_step + k * column_step;
      for (int64_t i = 0; i < count; ++i) {
        panel[k * height + i] = from[i * row_step];
      }
    }
  }
}

template <typename Scalar>
void PackedMatrix<Scalar>::Pack(const Eigen::Ref<const Dense>& matrix) {
  PackFrom(
      matrix.data(), matrix.rows(), matrix.cols(), 1, matrix.outerStride());
}

template <typename Scalar>
void PackedMatrix<Scalar>::PackTransposed(
    const Eigen::Ref<const Dense>& matrix) {
  PackFrom(
      matrix.data(), matrix.cols(), matrix.rows(), matrix.outerStride(), 1);
}

template <typename Scalar>
void PackedMatrix<Scalar>::MultiplyAdd(const Scalar* right,
                                       int64_t right_stride,
                                       int64_t n,
                                       Scalar* result,
                                       int64_t result_stride) const {
  for (const internal::Panel& panel : panels_) {
    const internal::TileFactors<Scalar> factors{
        values_.data() + panel.begin * cols_,
        panel.rows,
        right,
        1,
        right_stride,
        cols_};
    internal::AddPanel(panel, factors, n, result_stride, result + panel.begin);
  }
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace modbound
