#ifndef MODBOUND_CORE_TRAINING_FEEDFORWARD_BACKPROP_H_
#define MODBOUND_CORE_TRAINING_FEEDFORWARD_BACKPROP_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/training/feedforward_parameters.h"

namespace modbound {

// Loss and gradient of a mini-batch of S samples by back-propagation:
//   loss = mean over samples of logsumexp(y) - y[label].
// With G_l = f'(pre) of hidden layer l, e of the last layer (softmax(y) -
// onehot) / S,
//   e_l = G_l (W_{l+1}' e_{l+1}),  dW_l = e_l h_{l-1}',  db_l = sum e_l.
// Rumelhart, Hinton & Williams 1986. Buffers for `batch_size` samples are made
// once. One thread.
template <typename Scalar>
class FeedforwardBackprop {
 public:
  using Parameters = FeedforwardParameters<Scalar>;
  using Dense = typename Parameters::Dense;

  // parameters: for their sizes.
  FeedforwardBackprop(Activation activation,
                      const Parameters& parameters,
                      int64_t batch_size);

  // Where the samples of the next batch go: features x batch_size, a column
  // each.
  Dense& batch() { return states_.front(); }

  // Loss of the first labels.size() columns of batch(), at least one; sets
  // `gradient`. labels: in [0, classes). The loss may be NaN or infinite: the
  // caller decides. Errors: kCancelled.
  absl::StatusOr<double> Run(Parameters& parameters,
                             const std::vector<int32_t>& labels,
                             Parameters& gradient,
                             const Execution& execution);

 private:
  absl::Status Forward(Parameters& parameters,
                       int64_t samples,
                       const Execution& execution);
  double LossAndOutputError(const std::vector<int32_t>& labels);
  absl::Status Backward(Parameters& parameters,
                        int64_t samples,
                        Parameters& gradient,
                        const Execution& execution);

  Activation activation_;
  // Columns = samples. states_[0]: features; states_[l + 1]: of layer l after
  // f; of the last one y, then its error.
  std::vector<Dense> states_;
  std::vector<Dense> gains_;  // of each hidden layer: G, then its error
};

extern template class FeedforwardBackprop<float>;
extern template class FeedforwardBackprop<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_FEEDFORWARD_BACKPROP_H_
