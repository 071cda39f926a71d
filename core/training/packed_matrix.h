#ifndef MODBOUND_CORE_TRAINING_PACKED_MATRIX_H_
#define MODBOUND_CORE_TRAINING_PACKED_MATRIX_H_

#include <cstdint>
#include <vector>

#include "Eigen/Core"
#include "core/training/panels.h"

namespace modbound {

// A matrix that multiplies many narrow blocks, one after another, as the
// recurrent weights do at every time step: its rows are arranged once in panels
// of up to three registers, where Eigen would arrange them anew for every
// block. Scalar: float or double.
template <typename Scalar>
class PackedMatrix {
 public:
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  // wide: with registers of 64 bytes; the bits of products are the same.
  explicit PackedMatrix(bool wide = internal::HasWideRegisters())
      : wide_(wide) {}

  // Takes a copy of the matrix, or of its transpose. Keeps its buffer between
  // calls.
  void Pack(const Eigen::Ref<const Dense>& matrix);
  void PackTransposed(const Eigen::Ref<const Dense>& matrix);

  // result += matrix * right. right: cols x n, its columns `right_stride`
  // apart. result: n columns `result_stride` apart, at least PaddedRows of the
  // rows; zeros are added to the rows that fill a column up. The sum over
  // columns of the matrix runs in order, so a column of the result depends only
  // on its column of `right`.
  void MultiplyAdd(const Scalar* right,
                   int64_t right_stride,
                   int64_t n,
                   Scalar* result,
                   int64_t result_stride) const;

 private:
  // The matrix whose element (i, k) is values[i row_step + k column_step].
  void PackFrom(const Scalar* values,
                int64_t rows,
                int64_t cols,
                int64_t row_step,
                int64_t column_step);

  bool wide_;
  int64_t cols_ = 0;
  std::vector<internal::Panel> panels_;
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> values_;
};

extern template class PackedMatrix<float>;
extern template class PackedMatrix<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_PACKED_MATRIX_H_
