#ifndef MODBOUND_CORE_TRAINING_WEIGHT_PENALTY_H_
#define MODBOUND_CORE_TRAINING_WEIGHT_PENALTY_H_

#include <cstdint>

#include "core/training/parameters.h"
#include "core/training/regularization.h"

namespace modbound {

// The part of a Regularization that depends on the weights alone. Scalar: float
// or double.
template <typename Scalar>
class WeightPenalty {
 public:
  WeightPenalty(const Regularization& regularization, int64_t units);

  // Adds the penalty's gradient at `parameters` to `gradient`; returns the
  // penalty. Allocates nothing.
  double Add(Parameters<Scalar>& parameters,
             Parameters<Scalar>& gradient) const;

 private:
  using Dense = typename Parameters<Scalar>::Dense;

  double AddCosts(Parameters<Scalar>& parameters,
                  Parameters<Scalar>& gradient) const;

  double l2_;
  double connection_cost_;
  // connection_cost + spatial_cost d; 0 x 0 without spatial_cost.
  Dense costs_;
};

extern template class WeightPenalty<float>;
extern template class WeightPenalty<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_WEIGHT_PENALTY_H_
