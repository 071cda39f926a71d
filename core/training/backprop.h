#ifndef MODBOUND_CORE_TRAINING_BACKPROP_H_
#define MODBOUND_CORE_TRAINING_BACKPROP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/network/network.h"
#include "core/training/packed_matrix.h"
#include "core/training/parameters.h"
#include "core/training/regularization.h"

namespace modbound {

// A batch of training sequences: T steps of B streams, column t B + b.
template <typename Scalar>
struct Batch {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> inputs;  // I x T B
  std::vector<int32_t> targets;                                  // T B
  // Weight of each step's loss, >= 0 with a positive sum; empty = all 1.
  std::vector<Scalar> weights;
};

// Above this many units a panel of the packed weights no longer stays in the
// caches between columns; Eigen's product is blocked for that.
inline constexpr int64_t kMaxPackedUnits = 2048;

// Loss and gradient of one batch by full back-propagation through time:
//   loss = sum_tb w (logsumexp(y) - y[target]) / sum w,   y = W_out r + b_out,
// states from r = 0. With G_t = df/d(pre) at step t and d_t the gradient with
// respect to the state after it,
//   kLeakOutside: e_t = alpha G_t d_t,  d_{t-1} += (1-alpha) d_t + W_rec' e_t
//   kLeakInside:  e_t = alpha G_t d_t,  d_{t-1} += (1-alpha)/alpha e_t +
//   W_rec' e_t
// and the gradients are e r', e x', sum e. Werbos 1990. A penalty of the rates
// adds its own gradient to each d_t.
// Buffers are made before the first Run: (3 T + 1) N B + O T B + N max(N, I, O)
// numbers, N and O filled up to whole registers. The first Run packs the
// weights, N^2 more; later ones allocate nothing up to kMaxPackedUnits units.
// One thread.
template <typename Scalar>
class Backprop {
 public:
  Backprop(const Dynamics& dynamics,
           int64_t units,
           int64_t inputs,
           int64_t outputs,
           int64_t steps,
           int64_t streams,
           const RatePenalty& rates = {});

  // What one holds, with its buffers and without.
  static double Bytes(int64_t units,
                      int64_t inputs,
                      int64_t outputs,
                      int64_t steps,
                      int64_t streams);
  static double KeptBytes(int64_t units, int64_t inputs, int64_t outputs);

  // Loss of `batch`, without penalty; sets `gradient`, of the loss and the
  // penalty of the rates. The loss may be NaN or infinite: the caller decides.
  // Errors: kCancelled.
  absl::StatusOr<double> Run(Parameters<Scalar>& parameters,
                             const Batch<Scalar>& batch,
                             Parameters<Scalar>& gradient,
                             const Execution& execution);

  // Gives the buffers back, but for the packed weights, and makes them again:
  // nothing is carried in them from one Run to the next.
  void ReleaseBuffers();
  void MakeBuffers();

  // That of the last Run's states; 0 without one.
  double rate_penalty() const { return rate_penalty_; }

 private:
  using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Values = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  // The rows that have a meaning of a buffer's columns.
  using Columns = Eigen::Map<Dense, Eigen::Unaligned, Eigen::OuterStride<>>;

  void Pack(Parameters<Scalar>& parameters);
  absl::Status Forward(Parameters<Scalar>& parameters,
                       const Batch<Scalar>& batch,
                       const Execution& execution);
  absl::StatusOr<double> LossAndOutputGradient(const Batch<Scalar>& batch,
                                               const Execution& execution);
  double PieceLoss(const Batch<Scalar>& batch,
                   double total,
                   int64_t first,
                   int64_t count);
  // The states' penalty, and its part of the d_t of a step.
  double RatePenaltyOfStates();
  void AddRateGradient(int64_t step);
  absl::Status Backward(Parameters<Scalar>& parameters,
                        const Execution& execution);
  absl::Status WeightGradients(const Batch<Scalar>& batch,
                               Parameters<Scalar>& gradient,
                               const Execution& execution);
  // result += weights * right for the B columns of a time step. `packed` holds
  // the same weights, or nothing beyond kMaxPackedUnits.
  template <typename Weights>
  absl::Status AddRecurrent(const PackedMatrix<Scalar>& packed,
                            const Weights& weights,
                            Scalar* right,
                            Scalar* result,
                            const Execution& execution) const;

  // Column `column` of a buffer of the units.
  Scalar* At(Values& buffer, int64_t column) const {
    return buffer.data() + column * stride_;
  }

  Dynamics dynamics_;
  int64_t units_;
  int64_t inputs_;
  int64_t outputs_;
  int64_t steps_;
  int64_t streams_;
  RatePenalty rates_;
  double rate_penalty_ = 0;
  int64_t stride_;                     // of units_, from column to column
  int64_t output_stride_;              // of outputs_
  PackedMatrix<Scalar> input_;         // W_in
  PackedMatrix<Scalar> recurrent_;     // W_rec, then W_rec'
  PackedMatrix<Scalar> readout_;       // W_out
  PackedMatrix<Scalar> readout_back_;  // W_out'
  Values bias_;                        // b_in + b_rec
  Values output_bias_;                 // b_out
  // Columns t B + b.
  Values states_;  // units, (T+1) B; block t + 1 is the state after step t
  Values gains_;   // units, T B: pre-activation, then G_t, then e_t
  Values deltas_;  // units, T B: d_t
  Values logits_;  // outputs, T B: y, then dloss/dy
  // A piece of T B: of the right output, then what the softmax is made of.
  Values target_logits_;
  Values sums_;
  Values log_sums_;
  Values product_;  // units, the widest of N, I, O: a weight gradient
};

extern template class Backprop<float>;
extern template class Backprop<double>;

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_BACKPROP_H_
