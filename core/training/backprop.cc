#include "core/training/backprop.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/network/activation.h"
#include "core/training/multiply.h"
#include "core/training/outer_product.h"
#include "core/training/panels.h"

namespace modbound {
namespace {

// Steps of streams whose losses are worked out together. A multiple of what a
// register holds: where an array ends must not decide how it is rounded.
constexpr int64_t kLossPiece = 8192;

// Every column of a block = bias.
template <typename Scalar>
void Spread(const Eigen::Matrix<Scalar, Eigen::Dynamic, 1>& bias,
            int64_t columns,
            Scalar* block) {
  for (int64_t c = 0; c < columns; ++c) {
    std::copy_n(bias.data(), bias.size(), block + c * bias.size());
  }
}

// Of the widest weight gradient that goes through a buffer.
int64_t ProductColumns(int64_t units, int64_t inputs, int64_t outputs) {
  return std::max({units <= kMaxPackedUnits ? units : 0, inputs, outputs});
}

}  // namespace

template <typename Scalar>
Backprop<Scalar>::Backprop(const Dynamics& dynamics,
                           int64_t units,
                           int64_t inputs,
                           int64_t outputs,
                           int64_t steps,
                           int64_t streams,
                           const RatePenalty& rates)
    : dynamics_(dynamics),
      units_(units),
      inputs_(inputs),
      outputs_(outputs),
      steps_(steps),
      streams_(streams),
      rates_(rates),
      stride_(internal::PaddedRows<Scalar>(units)),
      output_stride_(internal::PaddedRows<Scalar>(outputs)),
      bias_(Values::Zero(stride_)),
      output_bias_(Values::Zero(output_stride_)) {
  MakeBuffers();
}

template <typename Scalar>
void Backprop<Scalar>::MakeBuffers() {
  const int64_t columns = steps_ * streams_;
  states_.setZero(stride_ * (columns + streams_));
  gains_.setZero(stride_ * columns);
  deltas_.setZero(stride_ * columns);
  logits_.setZero(output_stride_ * columns);
  target_logits_.resize(std::min(kLossPiece, columns));
  sums_.resize(target_logits_.size());
  log_sums_.resize(target_logits_.size());
  product_.setZero(stride_ * ProductColumns(units_, inputs_, outputs_));
}

template <typename Scalar>
void Backprop<Scalar>::ReleaseBuffers() {
  for (Values* buffer : {&states_,
                         &gains_,
                         &deltas_,
                         &logits_,
                         &target_logits_,
                         &sums_,
                         &log_sums_,
                         &product_}) {
    buffer->resize(0);
  }
}

template <typename Scalar>
double Backprop<Scalar>::Bytes(int64_t units,
                               int64_t inputs,
                               int64_t outputs,
                               int64_t steps,
                               int64_t streams) {
  const auto N = static_cast<double>(internal::PaddedRows<Scalar>(units));
  const auto O = static_cast<double>(internal::PaddedRows<Scalar>(outputs));
  const auto T = static_cast<double>(steps);
  const auto B = static_cast<double>(streams);
  return KeptBytes(units, inputs, outputs) +
         static_cast<double>(sizeof(Scalar)) *
             (B * ((3 * T + 1) * N + T * O) +
              N * static_cast<double>(ProductColumns(units, inputs, outputs)) +
              3 * std::min(T * B, static_cast<double>(kLossPiece)));
}

template <typename Scalar>
double Backprop<Scalar>::KeptBytes(int64_t units,
                                   int64_t inputs,
                                   int64_t outputs) {
  const auto N = static_cast<double>(internal::PaddedRows<Scalar>(units));
  const auto O = static_cast<double>(internal::PaddedRows<Scalar>(outputs));
  const double recurrent = units <= kMaxPackedUnits ? N * N : 0;
  return static_cast<double>(sizeof(Scalar)) *
         (recurrent + N * static_cast<double>(inputs) + 2 * N * O + N + O);
}

template <typename Scalar>
absl::StatusOr<double> Backprop<Scalar>::Run(Parameters<Scalar>& parameters,
                                             const Batch<Scalar>& batch,
                                             Parameters<Scalar>& gradient,
                                             const Execution& execution) {
  MODBOUND_DCHECK(batch.inputs.rows() == inputs_ &&
                  batch.inputs.cols() == steps_ * streams_);
  MODBOUND_RETURN_IF_ERROR(Forward(parameters, batch, execution));
  MODBOUND_ASSIGN_OR_RETURN(const double loss,
                            LossAndOutputGradient(batch, execution));
  if (rates_.any()) {
    rate_penalty_ = RatePenaltyOfStates();
  }
  MODBOUND_RETURN_IF_ERROR(Backward(parameters, execution));
  MODBOUND_RETURN_IF_ERROR(WeightGradients(batch, gradient, execution));
  return loss;
}

template <typename Scalar>
void Backprop<Scalar>::Pack(Parameters<Scalar>& parameters) {
  input_.Pack(parameters.w_in());
  readout_.Pack(parameters.w_out());
  readout_back_.PackTransposed(parameters.w_out());
  if (units_ <= kMaxPackedUnits) {
    recurrent_.Pack(parameters.w_rec());
  }
  bias_.head(units_) = parameters.b_in() + parameters.b_rec();
  output_bias_.head(outputs_) = parameters.b_out();
}

template <typename Scalar>
template <typename Weights>
absl::Status Backprop<Scalar>::AddRecurrent(const PackedMatrix<Scalar>& packed,
                                            const Weights& weights,
                                            Scalar* right,
                                            Scalar* result,
                                            const Execution& execution) const {
  if (units_ > kMaxPackedUnits) {
    return Multiply(weights,
                    Columns(right, units_, streams_, stride_),
                    true,
                    execution,
                    Columns(result, units_, streams_, stride_));
  }
  const auto piece = std::max<int64_t>(
      static_cast<int64_t>(kPieceWork / static_cast<double>(units_ * units_)),
      1);
  for (int64_t first = 0; first < streams_; first += piece) {
    if (execution.stopped()) {
      return StoppedError();
    }
    packed.MultiplyAdd(right + first * stride_,
                       stride_,
                       std::min(piece, streams_ - first),
                       result + first * stride_,
                       stride_);
  }
  return absl::OkStatus();
}

template <typename Scalar>
absl::Status Backprop<Scalar>::Forward(Parameters<Scalar>& parameters,
                                       const Batch<Scalar>& batch,
                                       const Execution& execution) {
  const int64_t B = streams_;
  const int64_t I = inputs_;
  const int64_t size = stride_ * B;
  const auto alpha = static_cast<Scalar>(dynamics_.alpha());
  const bool inside = dynamics_.update == Update::kLeakInside;
  Pack(parameters);
  for (int64_t t = 0; t < steps_; ++t) {
    Scalar* const from = At(states_, t * B);
    Scalar* const to = At(states_, (t + 1) * B);
    Scalar* const pre = At(gains_, t * B);
    Spread(bias_, B, pre);
    input_.MultiplyAdd(batch.inputs.data() + t * B * I, I, B, pre, stride_);
    MODBOUND_RETURN_IF_ERROR(
        AddRecurrent(recurrent_, parameters.w_rec(), from, pre, execution));
    const Eigen::Map<const Values> before(from, size);
    Eigen::Map<Values> after(to, size);
    Eigen::Map<Values> gain(pre, size);
    if (inside && alpha != 1) {
      gain = (1 - alpha) * before + alpha * gain;
    }
    after = gain;
    internal::ApplyActivation(dynamics_.activation, to, size);
    internal::GainOfValues(dynamics_.activation, to, pre, size);
    if (!inside && alpha != 1) {
      after = (1 - alpha) * before + alpha * after;
    }
    Scalar* const y = logits_.data() + t * B * output_stride_;
    Spread(output_bias_, B, y);
    readout_.MultiplyAdd(to, stride_, B, y, output_stride_);
  }
  return absl::OkStatus();
}

// Columns [first, first + count): the sum of their weighted losses; logits
// become gradients.
template <typename Scalar>
double Backprop<Scalar>::PieceLoss(const Batch<Scalar>& batch,
                                   double total,
                                   int64_t first,
                                   int64_t count) {
  const int64_t O = outputs_;
  Scalar* const logits = logits_.data() + first * output_stride_;
  const int32_t* const targets = batch.targets.data() + first;
  for (int64_t i = 0; i < count; ++i) {
    const Scalar* const y = logits + i * output_stride_;
    const Scalar largest = *std::max_element(y, y + O);
    target_logits_[i] = y[targets[i]] - largest;
    // One column after the other, without the rows that fill them up.
    Scalar* const packed = logits + i * O;
    for (int64_t o = 0; o < O; ++o) {
      packed[o] = y[o] - largest;
    }
  }
  // Whole vectors of what a loop over outputs would call one by one.
  Eigen::Map<Values> exponentials(logits,
                                  internal::PaddedRows<Scalar>(count * O));
  exponentials.array() = exponentials.array().exp();
  for (int64_t i = count - 1; i >= 0; --i) {
    const Scalar* const packed = logits + i * O;
    Scalar* const y = logits + i * output_stride_;
    sums_[i] = std::accumulate(packed, packed + O, Scalar(0));
    if (packed != y) {
      std::copy_backward(packed, packed + O, y + O);
    }
  }
  log_sums_.head(count).array() = sums_.head(count).array().log();
  double loss = 0;
  for (int64_t i = 0; i < count; ++i) {
    Scalar* const y = logits + i * output_stride_;
    const double weight =
        batch.weights.empty()
            ? 1.0
            : static_cast<double>(
                  batch.weights[static_cast<std::size_t>(first + i)]);
    loss += weight * static_cast<double>(log_sums_[i] - target_logits_[i]);
    const auto scale = static_cast<Scalar>(weight / total);
    for (int64_t o = 0; o < O; ++o) {
      y[o] *= scale / sums_[i];
    }
    y[targets[i]] -= scale;
  }
  return loss;
}

template <typename Scalar>
absl::StatusOr<double> Backprop<Scalar>::LossAndOutputGradient(
    const Batch<Scalar>& batch, const Execution& execution) {
  const bool weighted = !batch.weights.empty();
  double total = 0;
  if (weighted) {
    for (const Scalar weight : batch.weights) {
      total += static_cast<double>(weight);
    }
  } else {
    total = static_cast<double>(steps_ * streams_);
  }
  const int64_t columns = steps_ * streams_;
  double loss = 0;
  for (int64_t first = 0; first < columns; first += kLossPiece) {
    if (execution.stopped()) {
      return StoppedError();
    }
    loss +=
        PieceLoss(batch, total, first, std::min(kLossPiece, columns - first));
  }
  return loss / total;
}

template <typename Scalar>
double Backprop<Scalar>::RatePenaltyOfStates() {
  double absolute = 0;
  double squares = 0;
  for (int64_t c = streams_; c < (steps_ + 1) * streams_; ++c) {
    const Eigen::Map<const Values> rates(At(states_, c), units_);
    if (rates_.l1 > 0) {
      absolute += static_cast<double>(rates.template lpNorm<1>());
    }
    if (rates_.l2 > 0) {
      squares += static_cast<double>(rates.squaredNorm());
    }
  }
  return (rates_.l1 * absolute + rates_.l2 * squares) /
         static_cast<double>(steps_ * streams_ * units_);
}

template <typename Scalar>
void Backprop<Scalar>::AddRateGradient(int64_t step) {
  // Rows that fill up a column are finite and lead nowhere.
  const int64_t size = stride_ * streams_;
  const Eigen::Map<const Values> rates(At(states_, (step + 1) * streams_),
                                       size);
  Eigen::Map<Values> delta(At(deltas_, step * streams_), size);
  const auto count = static_cast<double>(steps_ * streams_ * units_);
  const auto l1 = static_cast<Scalar>(rates_.l1 / count);
  const auto l2 = static_cast<Scalar>(2 * rates_.l2 / count);
  delta.array() += l2 * rates.array() + l1 * rates.array().sign();
}

template <typename Scalar>
absl::Status Backprop<Scalar>::Backward(Parameters<Scalar>& parameters,
                                        const Execution& execution) {
  const int64_t B = streams_;
  const int64_t size = stride_ * B;
  const auto alpha = static_cast<Scalar>(dynamics_.alpha());
  const bool inside = dynamics_.update == Update::kLeakInside;
  if (units_ <= kMaxPackedUnits) {
    recurrent_.PackTransposed(parameters.w_rec());
  }
  deltas_.tail(size).setZero();
  for (int64_t t = steps_ - 1; t >= 0; --t) {
    readout_back_.MultiplyAdd(logits_.data() + t * B * output_stride_,
                              output_stride_,
                              B,
                              At(deltas_, t * B),
                              stride_);
    if (rates_.any()) {
      AddRateGradient(t);
    }
    const Eigen::Map<const Values> delta(At(deltas_, t * B), size);
    Eigen::Map<Values> error(At(gains_, t * B), size);
    error.array() *= alpha * delta.array();
    if (t == 0) {
      break;
    }
    Eigen::Map<Values> carry(At(deltas_, (t - 1) * B), size);
    if (alpha == 1) {
      carry.setZero();
    } else if (inside) {
      carry = ((1 - alpha) / alpha) * error;
    } else {
      carry = (1 - alpha) * delta;
    }
    MODBOUND_RETURN_IF_ERROR(AddRecurrent(recurrent_,
                                          parameters.w_rec().transpose(),
                                          error.data(),
                                          carry.data(),
                                          execution));
  }
  return absl::OkStatus();
}

template <typename Scalar>
absl::Status Backprop<Scalar>::WeightGradients(const Batch<Scalar>& batch,
                                               Parameters<Scalar>& gradient,
                                               const Execution& execution) {
  const int64_t columns = steps_ * streams_;
  // Left factor and states are of the units; `n` columns of the product.
  const auto add_products = [&](const Scalar* left,
                                const Scalar* right,
                                int64_t right_stride,
                                int64_t n) -> absl::Status {
    product_.head(stride_ * n).setZero();
    const auto piece = std::max<int64_t>(
        static_cast<int64_t>(kPieceWork / static_cast<double>(units_ * n)), 1);
    for (int64_t first = 0; first < columns; first += piece) {
      if (execution.stopped()) {
        return StoppedError();
      }
      AddOuterProducts(left + first * stride_,
                       stride_,
                       units_,
                       right + first * right_stride,
                       right_stride,
                       n,
                       std::min(piece, columns - first),
                       product_.data(),
                       stride_);
    }
    return absl::OkStatus();
  };
  const auto product = [&](int64_t n) {
    return Columns(product_.data(), units_, n, stride_);
  };
  if (units_ > kMaxPackedUnits) {
    MODBOUND_RETURN_IF_ERROR(
        Multiply(Columns(gains_.data(), units_, columns, stride_),
                 Columns(states_.data(), units_, columns, stride_).transpose(),
                 false,
                 execution,
                 gradient.w_rec()));
  } else {
    MODBOUND_RETURN_IF_ERROR(
        add_products(gains_.data(), states_.data(), stride_, units_));
    gradient.w_rec() = product(units_);
  }
  const int64_t I = inputs_;
  MODBOUND_RETURN_IF_ERROR(
      add_products(gains_.data(), batch.inputs.data(), I, I));
  gradient.w_in() = product(I);
  MODBOUND_RETURN_IF_ERROR(add_products(
      At(states_, streams_), logits_.data(), output_stride_, outputs_));
  gradient.w_out() = product(outputs_).transpose();
  gradient.b_in() =
      Columns(gains_.data(), units_, columns, stride_).rowwise().sum();
  gradient.b_rec() = gradient.b_in();
  gradient.b_out() = Columns(logits_.data(), outputs_, columns, output_stride_)
                         .rowwise()
                         .sum();
  return absl::OkStatus();
}

template class Backprop<float>;
template class Backprop<double>;

}  // namespace modbound
