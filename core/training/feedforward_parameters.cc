#include "core/training/feedforward_parameters.h"

#include <utility>

#include "core/training/whole_lines.h"

namespace modbound {
namespace {

std::vector<int64_t> SizesOf(const FeedforwardNetwork& network) {
  std::vector<int64_t> sizes = {network.features()};
  for (const FeedforwardNetwork::Layer& layer : network.layers) {
    sizes.push_back(layer.weights.rows());
  }
  return sizes;
}

}  // namespace

template <typename Scalar>
FeedforwardParameters<Scalar>::FeedforwardParameters(std::vector<int64_t> sizes)
    : sizes_(std::move(sizes)) {
  int64_t offset = 0;
  for (std::size_t l = 0; l < layers(); ++l) {
    for (const int64_t size : {units(l) * sources(l), units(l)}) {
      offsets_.push_back(offset);
      offset += WholeLines<Scalar>(size);
    }
  }
  values_.setZero(offset);
}

template <typename Scalar>
FeedforwardParameters<Scalar>::FeedforwardParameters(
    const FeedforwardNetwork& network)
    : FeedforwardParameters(SizesOf(network)) {
  for (std::size_t l = 0; l < layers(); ++l) {
    weights(l) = network.layers[l].weights.template cast<Scalar>();
    bias(l) = network.layers[l].bias.template cast<Scalar>();
  }
}

template <typename Scalar>
FeedforwardNetwork FeedforwardParameters<Scalar>::ToNetwork(
    Activation activation) {
  FeedforwardNetwork network;
  network.activation = activation;
  for (std::size_t l = 0; l < layers(); ++l) {
    network.layers.push_back(
        {weights(l).template cast<double>(), bias(l).template cast<double>()});
  }
  return network;
}

template class FeedforwardParameters<float>;
template class FeedforwardParameters<double>;

}  // namespace modbound
