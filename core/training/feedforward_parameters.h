#ifndef MODBOUND_CORE_TRAINING_FEEDFORWARD_PARAMETERS_H_
#define MODBOUND_CORE_TRAINING_FEEDFORWARD_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/network/feedforward.h"

namespace modbound {

// The arrays of a feed-forward network in one vector, as Parameters for the
// recurrent one: for the optimiser one vector, also the shape of a gradient.
// Each array starts at a multiple of 64 bytes; the gaps stay 0. Scalar: float
// or double.
template <typename Scalar>
class FeedforwardParameters {
 public:
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Values = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  using DenseMap = Eigen::Map<Dense>;
  using ValuesMap = Eigen::Map<Values>;

  // All zero. sizes: features, units of each hidden layer, classes; each >= 1.
  explicit FeedforwardParameters(std::vector<int64_t> sizes);
  explicit FeedforwardParameters(const FeedforwardNetwork& network);

  // Hidden ones and that of the classes.
  std::size_t layers() const { return sizes_.size() - 1; }
  // Units of layer l, and of what it takes.
  int64_t units(std::size_t layer) const { return sizes_[layer + 1]; }
  int64_t sources(std::size_t layer) const { return sizes_[layer]; }

  DenseMap weights(std::size_t layer) {
    return {values_.data() + offsets_[2 * layer], units(layer), sources(layer)};
  }
  ValuesMap bias(std::size_t layer) {
    return {values_.data() + offsets_[2 * layer + 1], units(layer)};
  }

  // All of them.
  Values& values() { return values_; }

  // The network with these arrays, exactly, as doubles.
  FeedforwardNetwork ToNetwork(Activation activation);

 private:
  std::vector<int64_t> sizes_;
  std::vector<int64_t> offsets_;  // of weights and bias of each layer
  Values values_;
};

extern template class FeedforwardParameters<float>;
extern template class FeedforwardParameters<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_FEEDFORWARD_PARAMETERS_H_
