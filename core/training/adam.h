#ifndef MODBOUND_CORE_TRAINING_ADAM_H_
#define MODBOUND_CORE_TRAINING_ADAM_H_

#include <cstdint>
#include <limits>

#include "core/base/matrix.h"
#include "core/base/saved_state.h"

namespace modbound {

struct AdamOptions {
  double learning_rate = 0.01;  // > 0
  double beta1 = 0.9;           // in [0, 1)
  double beta2 = 0.999;         // in [0, 1)
  double epsilon = 1e-8;        // > 0
};

// Adam with bias correction (Kingma & Ba 2015, algorithm 1):
//   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,
//   theta -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + epsilon).
// A parameter whose gradient has always been 0 does not move.
template <typename Scalar>
class Adam {
 public:
  using Values = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  Adam(const AdamOptions& options, int64_t size);

  // One step of `parameters`.
  void Step(const Values& gradient, Values& parameters);

  // Steps taken and moments, for a checkpoint. Load: false, and nothing
  // changed, when `state` does not hold them.
  void Save(StateWriter& state) const;
  bool Load(StateReader& state);

 private:
  AdamOptions options_;
  int64_t steps_ = 0;
  Values first_;   // m
  Values second_;  // v
};

// Scales `gradient` down to Euclidean norm `clip_norm` when it is longer.
// Returns the norm before.
template <typename Scalar>
double ClipNorm(double clip_norm,
                Eigen::Matrix<Scalar, Eigen::Dynamic, 1>& gradient);

extern template class Adam<float>;
extern template class Adam<double>;
extern template double ClipNorm(double, Adam<float>::Values&);
extern template double ClipNorm(double, Adam<double>::Values&);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_ADAM_H_
