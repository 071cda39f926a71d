#include "core/training/packed_matrix.h"

#include <algorithm>

#include "core/training/register_tile.h"

namespace modbound {

template <typename Scalar>
void PackedMatrix<Scalar>::Resize(int64_t rows, int64_t cols) {
  rows_ = rows;
  cols_ = cols;
  values_.setZero(internal::PaddedRows<Scalar>(rows) * cols);
}

template <typename Scalar>
void PackedMatrix<Scalar>::Pack(const Eigen::Ref<const Dense>& matrix) {
  Resize(matrix.rows(), matrix.cols());
  const internal::Panels<Scalar> panels(rows_);
  for (int64_t p = 0; p < panels.count(); ++p) {
    const int64_t first = panels.Begin(p);
    const int64_t height = panels.Begin(p + 1) - first;
    const int64_t count = std::min(height, rows_ - first);
    Scalar* panel = values_.data() + first * cols_;
    for (int64_t k = 0; k < cols_; ++k) {
      std::copy_n(matrix.col(k).data() + first, count, panel + k * height);
    }
  }
}

template <typename Scalar>
void PackedMatrix<Scalar>::PackTransposed(
    const Eigen::Ref<const Dense>& matrix) {
  Resize(matrix.cols(), matrix.rows());
  const internal::Panels<Scalar> panels(rows_);
  for (int64_t p = 0; p < panels.count(); ++p) {
    const int64_t first = panels.Begin(p);
    const int64_t height = panels.Begin(p + 1) - first;
    const int64_t count = std::min(height, rows_ - first);
    Scalar* panel = values_.data() + first * cols_;
    for (int64_t i = 0; i < count; ++i) {
      const Scalar* row = matrix.col(first + i).data();
      for (int64_t k = 0; k < cols_; ++k) {
        panel[k * height + i] = row[k];
      }
    }
  }
}

template <typename Scalar>
void PackedMatrix<Scalar>::MultiplyAdd(const Scalar* right,
                                       int64_t right_stride,
                                       int64_t n,
                                       Scalar* result,
                                       int64_t result_stride) const {
  const internal::Panels<Scalar> panels(rows_);
  for (int64_t p = 0; p < panels.count(); ++p) {
    const int64_t first = panels.Begin(p);
    const internal::TileFactors<Scalar> factors{values_.data() + first * cols_,
                                                panels.Begin(p + 1) - first,
                                                right,
                                                1,
                                                right_stride,
                                                cols_};
    internal::AddPanel(
        panels.Registers(p), factors, n, result_stride, result + first);
  }
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace modbound
