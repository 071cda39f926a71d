#ifndef MODBOUND_CORE_MODULES_FLOAT_MATRIX_H_
#define MODBOUND_CORE_MODULES_FLOAT_MATRIX_H_

#include "Eigen/Core"

namespace modbound {

// A Matrix in float32.
using FloatMatrix =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FLOAT_MATRIX_H_
