#include "core/training/clip_norm.h"

#include <cmath>

namespace modbound {

template <typename Scalar>
double ClipNorm(double clip_norm,
                Eigen::Matrix<Scalar, Eigen::Dynamic, 1>& gradient) {
  const double norm = std::sqrt(gradient.template cast<double>().squaredNorm());
  if (norm > clip_norm) {
    gradient *= static_cast<Scalar>(clip_norm / norm);
  }
  return norm;
}

template double ClipNorm(double, Eigen::Matrix<float, Eigen::Dynamic, 1>&);
template double ClipNorm(double, Eigen::Matrix<double, Eigen::Dynamic, 1>&);

}  // namespace modbound
