#ifndef MODBOUND_CORE_NETWORK_ACTIVATION_H_
#define MODBOUND_CORE_NETWORK_ACTIVATION_H_

#include <cstdint>

#include "Eigen/Core"
#include "core/network/network.h"

// The activation functions as loops over contiguous numbers, float or double.
namespace modbound::internal {

template <typename Scalar>
using ArrayMap = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

// values = f(values). NaN stays NaN, so that a diverged network is seen.
template <typename Scalar>
void ApplyActivation(Activation activation, Scalar* values, int64_t count) {
  ArrayMap<Scalar> x(values, count);
  switch (activation) {
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) {
        values[i] = values[i] < 0 ? Scalar(0) : values[i];
      }
      return;
    case Activation::kTanh:
      // Eigen's own tanh of doubles is not vectorised; exp is. Exact limits: an
      // infinite exp gives 1, a zero one gives -1.
      x = Scalar(1) - Scalar(2) / ((Scalar(2) * x).exp() + Scalar(1));
      return;
    case Activation::kSigmoid:
      x = Scalar(1) / (Scalar(1) + (-x).exp());
      return;
    case Activation::kSoftplus:
      // max(x, 0) + log(1 + exp(-|x|)): no overflow.
      x = x.max(Scalar(0)) + (-x.abs()).exp().log1p();
      return;
    case Activation::kLinear:
      return;
  }
}

// gains = f'(x) where values = f(x): every f here has a derivative that is a
// function of its value.
template <typename Scalar>
void GainOfValues(Activation activation,
                  const Scalar* values,
                  Scalar* gains,
                  int64_t count) {
  const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>> f(values,
                                                                    count);
  ArrayMap<Scalar> gain(gains, count);
  switch (activation) {
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) {
        gains[i] = values[i] > 0 ? Scalar(1) : Scalar(0);
      }
      return;
    case Activation::kTanh:
      gain = Scalar(1) - f * f;
      return;
    case Activation::kSigmoid:
      gain = f * (Scalar(1) - f);
      return;
    case Activation::kSoftplus:
      // f' = sigmoid(x) = 1 - exp(-f).
      gain = Scalar(1) - (-f).exp();
      return;
    case Activation::kLinear:
      gain.setOnes();
      return;
  }
}

}  // namespace modbound::internal

#endif  // MODBOUND_CORE_NETWORK_ACTIVATION_H_
