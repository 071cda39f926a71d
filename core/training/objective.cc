#include "core/training/objective.h"

#include <utility>

#include "core/base/error.h"

namespace modbound {

template <typename Scalar>
Objective<Scalar>::Objective(Backprop<Scalar> backprop,
                             WeightPenalty<Scalar> penalty,
                             Trainable<Scalar> trainable)
    : backprop_(std::move(backprop)),
      penalty_(std::move(penalty)),
      trainable_(std::move(trainable)) {}

template <typename Scalar>
absl::StatusOr<ObjectiveValue> Objective<Scalar>::Run(
    Parameters<Scalar>& parameters,
    const Batch<Scalar>& batch,
    Parameters<Scalar>& gradient,
    const Execution& execution) {
  ObjectiveValue value;
  MODBOUND_ASSIGN_OR_RETURN(
      value.loss, backprop_.Run(parameters, batch, gradient, execution));
  value.penalty = backprop_.rate_penalty() + penalty_.Add(parameters, gradient);
  trainable_.Restrict(gradient);
  return value;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace modbound
