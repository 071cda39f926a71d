#ifndef MODBOUND_CORE_TRAINING_OBJECTIVE_H_
#define MODBOUND_CORE_TRAINING_OBJECTIVE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/training/backprop.h"
#include "core/training/parameters.h"
#include "core/training/regularization.h"
#include "core/training/trainable.h"
#include "core/training/weight_penalty.h"

namespace modbound {

// What training minimises is their sum.
struct ObjectiveValue {
  double loss = 0;     // mean cross-entropy, nats
  double penalty = 0;  // of the regularisation
};

// The objective and its gradient with respect to what may change. Scalar: float
// or double.
template <typename Scalar>
class Objective {
 public:
  Objective(Backprop<Scalar> backprop,
            WeightPenalty<Scalar> penalty,
            Trainable<Scalar> trainable);

  // Sets `gradient`, 0 for what may not change. Values may be NaN or infinite:
  // the caller decides. Allocates nothing, as Backprop. Errors: kCancelled.
  absl::StatusOr<ObjectiveValue> Run(Parameters<Scalar>& parameters,
                                     const Batch<Scalar>& batch,
                                     Parameters<Scalar>& gradient,
                                     const Execution& execution);

  // See Backprop.
  void ReleaseBuffers() { backprop_.ReleaseBuffers(); }
  void MakeBuffers() { backprop_.MakeBuffers(); }

 private:
  Backprop<Scalar> backprop_;
  WeightPenalty<Scalar> penalty_;
  Trainable<Scalar> trainable_;
};

extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_OBJECTIVE_H_
