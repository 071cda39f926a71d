#ifndef MODBOUND_CORE_BASE_MATRIX_H_
#define MODBOUND_CORE_BASE_MATRIX_H_

#include <cstdint>
#include <vector>

#include "Eigen/Core"

namespace modbound {

// Row-major, so that an array of a file or message is a matrix without a copy.
// EIGEN_MAX_ALIGN_BYTES is 64 for every target: sums over an Eigen object then
// do not change bits with where malloc put it.
template <typename Scalar>
using RowMajorMatrix =
    Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Matrix = RowMajorMatrix<double>;
using FloatMatrix = RowMajorMatrix<float>;
using Vector = Eigen::VectorXd;

// Labels of a partition: module of each unit, numbered from 0 by falling size,
// then by first member; -1 = excluded.
using Labels = std::vector<int32_t>;

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_MATRIX_H_
