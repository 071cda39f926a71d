#include "core/training/feedforward_backprop.h"

#include <cmath>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/network/activation.h"
#include "core/training/multiply.h"

namespace modbound {

template <typename Scalar>
FeedforwardBackprop<Scalar>::FeedforwardBackprop(Activation activation,
                                                 const Parameters& parameters,
                                                 int64_t batch_size)
    : activation_(activation) {
  states_.push_back(Dense::Zero(parameters.sources(0), batch_size));
  for (std::size_t l = 0; l < parameters.layers(); ++l) {
    states_.push_back(Dense::Zero(parameters.units(l), batch_size));
    if (l + 1 < parameters.layers()) {
      gains_.push_back(Dense::Zero(parameters.units(l), batch_size));
    }
  }
}

template <typename Scalar>
absl::StatusOr<double> FeedforwardBackprop<Scalar>::Run(
    Parameters& parameters,
    const std::vector<int32_t>& labels,
    Parameters& gradient,
    const Execution& execution) {
  const auto samples = static_cast<int64_t>(labels.size());
  MODBOUND_DCHECK(samples >= 1 && samples <= batch().cols());
  MODBOUND_RETURN_IF_ERROR(Forward(parameters, samples, execution));
  const double loss = LossAndOutputError(labels);
  MODBOUND_RETURN_IF_ERROR(Backward(parameters, samples, gradient, execution));
  return loss;
}

template <typename Scalar>
absl::Status FeedforwardBackprop<Scalar>::Forward(Parameters& parameters,
                                                  int64_t samples,
                                                  const Execution& execution) {
  for (std::size_t l = 0; l < parameters.layers(); ++l) {
    auto next = states_[l + 1].leftCols(samples);
    MODBOUND_RETURN_IF_ERROR(Multiply(parameters.weights(l),
                                      states_[l].leftCols(samples),
                                      false,
                                      execution,
                                      next));
    next.colwise() += parameters.bias(l);
    if (l < gains_.size()) {
      const int64_t size = next.size();
      internal::ApplyActivation(activation_, states_[l + 1].data(), size);
      internal::GainOfValues(
          activation_, states_[l + 1].data(), gains_[l].data(), size);
    }
  }
  return absl::OkStatus();
}

template <typename Scalar>
double FeedforwardBackprop<Scalar>::LossAndOutputError(
    const std::vector<int32_t>& labels) {
  Dense& y = states_.back();
  const auto scale = Scalar(1) / static_cast<Scalar>(labels.size());
  double loss = 0;
  for (std::size_t s = 0; s < labels.size(); ++s) {
    auto column = y.col(static_cast<int64_t>(s));
    column.array() -= column.maxCoeff();
    const Scalar of_label = column(labels[s]);
    column.array() = column.array().exp();
    const Scalar sum = column.sum();
    loss += static_cast<double>(std::log(sum) - of_label);
    column *= scale / sum;
    column(labels[s]) -= scale;
  }
  return loss / static_cast<double>(labels.size());
}

template <typename Scalar>
absl::Status FeedforwardBackprop<Scalar>::Backward(Parameters& parameters,
                                                   int64_t samples,
                                                   Parameters& gradient,
                                                   const Execution& execution) {
  for (std::size_t l = parameters.layers(); l-- > 0;) {
    Dense& errors = l < gains_.size() ? gains_[l] : states_.back();
    const auto error = errors.leftCols(samples);
    MODBOUND_RETURN_IF_ERROR(Multiply(error,
                                      states_[l].leftCols(samples).transpose(),
                                      false,
                                      execution,
                                      gradient.weights(l)));
    gradient.bias(l) = error.rowwise().sum();
    if (l > 0) {
      // The states of the layer below have done their part: room for its delta.
      auto delta = states_[l].leftCols(samples);
      MODBOUND_RETURN_IF_ERROR(Multiply(
          parameters.weights(l).transpose(), error, false, execution, delta));
      gains_[l - 1].leftCols(samples).array() *= delta.array();
    }
  }
  return absl::OkStatus();
}

template class FeedforwardBackprop<float>;
template class FeedforwardBackprop<double>;

}  // namespace modbound
