#ifndef MODBOUND_CORE_TRAINING_PARAMETERS_H_
#define MODBOUND_CORE_TRAINING_PARAMETERS_H_

#include <array>
#include <cstdint>

#include "core/base/matrix.h"
#include "core/network/network.h"
#include "core/training/optimizer.h"

namespace modbound {

// One matrix for each array of a network, a bias as a column; 0 x 0 = none.
using NetworkArrays = std::array<Matrix, kNetworkArrays>;

// The six arrays of a network in one vector, so that an optimiser is one loop
// and a norm is one sum. Each array starts at a multiple of 64 bytes; the gaps
// stay 0. Also the shape of a gradient. Scalar: float or double.
template <typename Scalar>
class Parameters {
 public:
  // Column-major: the columns of what they multiply are states of the batch.
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using DenseMap = Eigen::Map<Dense>;
  using VectorMap = Eigen::Map<Eigen::Matrix<Scalar, Eigen::Dynamic, 1>>;

  // All zero.
  Parameters(int64_t units, int64_t inputs, int64_t outputs);
  explicit Parameters(const Network& network);

  int64_t units() const { return units_; }
  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }

  DenseMap w_in() { return {At(0), units_, inputs_}; }
  VectorMap b_in() { return {At(1), units_}; }
  DenseMap w_rec() { return {At(2), units_, units_}; }
  VectorMap b_rec() { return {At(3), units_}; }
  DenseMap w_out() { return {At(4), outputs_, units_}; }
  VectorMap b_out() { return {At(5), outputs_}; }
  // Array k of kNetworkArrayNames.
  DenseMap array(std::size_t k) {
    return {At(k), shapes_[k][0], shapes_[k][1]};
  }
  // Where its numbers are in values().
  Span span(std::size_t k) const {
    return {offsets_[k], shapes_[k][0] * shapes_[k][1]};
  }

  // Numbers in values(), gaps included.
  int64_t size() const { return values_.size(); }

  // All of them.
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1>& values() { return values_; }

  // The network with these arrays, exactly, as doubles.
  Network ToNetwork(const Dynamics& dynamics);

 private:
  Scalar* At(std::size_t array) { return values_.data() + offsets_[array]; }

  int64_t units_;
  int64_t inputs_;
  int64_t outputs_;
  std::array<std::array<int64_t, 2>, kNetworkArrays> shapes_;
  std::array<int64_t, kNetworkArrays> offsets_{};
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> values_;
};

extern template class Parameters<float>;
extern template class Parameters<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_PARAMETERS_H_
