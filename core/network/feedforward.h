#ifndef MODBOUND_CORE_NETWORK_FEEDFORWARD_H_
#define MODBOUND_CORE_NETWORK_FEEDFORWARD_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/network/network.h"

namespace modbound {

// Layers of a feed-forward classifier. With h_0 the features of a sample,
//   h_l = f(W_l h_{l-1} + b_l) for the hidden layers,
//   y = W h + b for the last one,
// and softmax(y) the probabilities of the classes.
struct FeedforwardNetwork {
  struct Layer {
    Matrix weights;  // units x units of the layer before, row = target
    Vector bias;     // units
  };
  std::vector<Layer> layers;  // hidden ones, then that of the classes
  Activation activation = Activation::kRelu;  // f

  int64_t features() const { return layers.front().weights.cols(); }
  int64_t classes() const { return layers.back().weights.rows(); }
};

// Every state of the network: S x units of each layer for S samples, hidden
// ones after f, then y. features: S x features, finite.
// Threads: blocks of samples of one size; result independent of their number
// and of how many samples there are. Errors: WRONG_SHAPE for "features";
// DIVERGED when a state is not finite; kCancelled.
absl::StatusOr<std::vector<Matrix>> RunFeedforward(
    const FeedforwardNetwork& network,
    const Matrix& features,
    const Execution& execution);

// Class of each row of y: the largest, ties to the lower index.
std::vector<int32_t> ClassesOf(const Matrix& y);

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_FEEDFORWARD_H_
