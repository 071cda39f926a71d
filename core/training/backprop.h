#ifndef MODBOUND_CORE_TRAINING_BACKPROP_H_
#define MODBOUND_CORE_TRAINING_BACKPROP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/training/packed_matrix.h"
#include "core/training/parameters.h"

namespace modbound {

// A batch of training sequences: T steps of B streams, column t B + b.
template <typename Scalar>
struct Batch {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> inputs;  // I x T B
  std::vector<int32_t> targets;                                  // T B
  // Weight of each step's loss, >= 0 with a positive sum; empty = all 1.
  std::vector<Scalar> weights;
};

// Loss and gradient of one batch by full back-propagation through time:
//   loss = sum_tb w (logsumexp(y) - y[target]) / sum w,   y = W_out r + b_out,
// states from r = 0. With G_t = df/d(pre) at step t and d_t the gradient with
// respect to the state after it,
//   kLeakOutside: e_t = alpha G_t d_t,  d_{t-1} += (1-alpha) d_t + W_rec' e_t
//   kLeakInside:  e_t = alpha G_t d_t,  d_{t-1} += (1-alpha)/alpha e_t +
//   W_rec' e_t
// and the gradients are e r', e x', sum e. Werbos 1990.
// Buffers are made once: (3 T + 1) N B + O T B + N^2 numbers. One thread.
template <typename Scalar>
class Backprop {
 public:
  Backprop(const Dynamics& dynamics,
           int64_t units,
           int64_t outputs,
           int64_t steps,
           int64_t streams);

  // Loss of `batch`; sets `gradient`. The loss may be NaN or infinite: the
  // caller decides. Errors: kCancelled.
  absl::StatusOr<double> Run(Parameters<Scalar>& parameters,
                             const Batch<Scalar>& batch,
                             Parameters<Scalar>& gradient,
                             const Execution& execution);

 private:
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  absl::Status Forward(Parameters<Scalar>& parameters,
                       const Batch<Scalar>& batch,
                       const Execution& execution);
  absl::StatusOr<double> LossAndOutputGradient(const Batch<Scalar>& batch,
                                               const Execution& execution);
  absl::Status Backward(Parameters<Scalar>& parameters,
                        const Execution& execution);
  absl::Status WeightGradients(const Batch<Scalar>& batch,
                               Parameters<Scalar>& gradient,
                               const Execution& execution);

  Dynamics dynamics_;
  int64_t units_;
  int64_t steps_;
  int64_t streams_;
  PackedMatrix<Scalar> packed_;  // W_rec forward, W_rec' backward
  Dense states_;  // N x (T+1) B; block t + 1 is the state after step t
  Dense gains_;   // N x T B: pre-activation, then G_t, then e_t
  Dense deltas_;  // N x T B: d_t
  Dense logits_;  // O x T B: y, then dloss/dy
};

extern template class Backprop<float>;
extern template class Backprop<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_BACKPROP_H_
