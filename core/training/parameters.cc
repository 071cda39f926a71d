#include "core/training/parameters.h"

#include "core/training/whole_lines.h"

namespace modbound {

template <typename Scalar>
Parameters<Scalar>::Parameters(int64_t units, int64_t inputs, int64_t outputs)
    : units_(units),
      inputs_(inputs),
      outputs_(outputs),
      shapes_(NetworkArrayShapes(units, inputs, outputs)) {
  int64_t offset = 0;
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    offsets_[k] = offset;
    offset += WholeLines<Scalar>(span(k).count);
  }
  values_.setZero(offset);
}

template <typename Scalar>
Parameters<Scalar>::Parameters(const Network& network)
    : Parameters(network.units(), network.inputs(), network.outputs()) {
  w_in() = network.w_in.cast<Scalar>();
  b_in() = network.b_in.cast<Scalar>();
  w_rec() = network.w_rec.cast<Scalar>();
  b_rec() = network.b_rec.cast<Scalar>();
  w_out() = network.w_out.cast<Scalar>();
  b_out() = network.b_out.cast<Scalar>();
}

template <typename Scalar>
Network Parameters<Scalar>::ToNetwork(const Dynamics& dynamics) {
  Network network;
  network.w_in = w_in().template cast<double>();
  network.b_in = b_in().template cast<double>();
  network.w_rec = w_rec().template cast<double>();
  network.b_rec = b_rec().template cast<double>();
  network.w_out = w_out().template cast<double>();
  network.b_out = b_out().template cast<double>();
  network.dynamics = dynamics;
  return network;
}

template class Parameters<float>;
template class Parameters<double>;

}  // namespace modbound
