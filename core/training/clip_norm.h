#ifndef MODBOUND_CORE_TRAINING_CLIP_NORM_H_
#define MODBOUND_CORE_TRAINING_CLIP_NORM_H_

#include "core/base/matrix.h"

namespace modbound {

// Scales `gradient` down to Euclidean norm `clip_norm` when it is longer.
// Returns the norm before.
template <typename Scalar>
double ClipNorm(double clip_norm,
                Eigen::Matrix<Scalar, Eigen::Dynamic, 1>& gradient);

extern template double ClipNorm(double,
                                Eigen::Matrix<float, Eigen::Dynamic, 1>&);
extern template double ClipNorm(double,
                                Eigen::Matrix<double, Eigen::Dynamic, 1>&);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_CLIP_NORM_H_
