#include "core/training/backprop.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/network/activation.h"

namespace modbound {
namespace {

// Products larger than this many multiply-adds are done in pieces of columns,
// so that a stop is seen within some 50 ms.
constexpr double kPieceWork = 1e9;

// result (=, or += when `add`) left * right, in pieces of columns.
template <typename Left, typename Right, typename Result>
absl::Status Multiply(const Left& left,
                      const Right& right,
                      bool add,
                      const Execution& execution,
                      Result&& result) {
  const double column_work =
      static_cast<double>(left.rows()) * static_cast<double>(left.cols());
  const auto piece = static_cast<int64_t>(
      std::clamp(kPieceWork / std::max(column_work, 1.0), 1.0, 1e9));
  for (int64_t first = 0; first < result.cols(); first += piece) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t count = std::min(piece, result.cols() - first);
    auto columns = result.middleCols(first, count);
    if (add) {
      columns.noalias() += left * right.middleCols(first, count);
    } else {
      columns.noalias() = left * right.middleCols(first, count);
    }
  }
  return absl::OkStatus();
}

// Above this many units a panel of the packed weights no longer stays in the
// caches between columns; Eigen's product is blocked for that.
constexpr int64_t kMaxPackedUnits = 2048;

// result += weights * right for one time step; `packed` holds the same weights,
// or nothing when there are too many units.
template <typename Scalar, typename Weights, typename Right, typename Result>
absl::Status AddRecurrent(const PackedMatrix<Scalar>& packed,
                          const Weights& weights,
                          const Right& right,
                          const Execution& execution,
                          Result&& result) {
  const int64_t N = weights.rows();
  if (N > kMaxPackedUnits) {
    return Multiply(weights, right, true, execution, result);
  }
  const auto piece = std::max<int64_t>(
      static_cast<int64_t>(kPieceWork / static_cast<double>(N * N)), 1);
  for (int64_t first = 0; first < right.cols(); first += piece) {
    if (execution.stopped()) {
      return StoppedError();
    }
    packed.MultiplyAdd(right.data() + first * N,
                       std::min(piece, right.cols() - first),
                       result.data() + first * N);
  }
  return absl::OkStatus();
}

}  // namespace

template <typename Scalar>
Backprop<Scalar>::Backprop(const Dynamics& dynamics,
                           int64_t units,
                           int64_t outputs,
                           int64_t steps,
                           int64_t streams)
    : dynamics_(dynamics),
      units_(units),
      steps_(steps),
      streams_(streams),
      states_(Dense::Zero(units, (steps + 1) * streams)),
      gains_(units, steps * streams),
      deltas_(units, steps * streams),
      logits_(outputs, steps * streams) {}

template <typename Scalar>
absl::StatusOr<double> Backprop<Scalar>::Run(Parameters<Scalar>& parameters,
                                             const Batch<Scalar>& batch,
                                             Parameters<Scalar>& gradient,
                                             const Execution& execution) {
  MODBOUND_DCHECK(batch.inputs.cols() == steps_ * streams_);
  MODBOUND_RETURN_IF_ERROR(Forward(parameters, batch, execution));
  MODBOUND_ASSIGN_OR_RETURN(const double loss,
                            LossAndOutputGradient(batch, execution));
  MODBOUND_RETURN_IF_ERROR(Backward(parameters, execution));
  MODBOUND_RETURN_IF_ERROR(WeightGradients(batch, gradient, execution));
  return loss;
}

template <typename Scalar>
absl::Status Backprop<Scalar>::Forward(Parameters<Scalar>& parameters,
                                       const Batch<Scalar>& batch,
                                       const Execution& execution) {
  const int64_t B = streams_;
  const auto alpha = static_cast<Scalar>(dynamics_.alpha());
  const bool inside = dynamics_.update == Update::kLeakInside;
  MODBOUND_RETURN_IF_ERROR(
      Multiply(parameters.w_in(), batch.inputs, false, execution, gains_));
  gains_.colwise() += parameters.b_in() + parameters.b_rec();
  if (units_ <= kMaxPackedUnits) {
    packed_.Pack(parameters.w_rec());
  }
  for (int64_t t = 0; t < steps_; ++t) {
    const auto before = states_.middleCols(t * B, B);
    auto after = states_.middleCols((t + 1) * B, B);
    auto gain = gains_.middleCols(t * B, B);
    MODBOUND_RETURN_IF_ERROR(
        AddRecurrent(packed_, parameters.w_rec(), before, execution, gain));
    if (inside && alpha != 1) {
      gain = (1 - alpha) * before + alpha * gain;
    }
    internal::ApplyActivation(dynamics_.activation, gain.data(), units_ * B);
    after = gain;
    internal::GainOfValues(
        dynamics_.activation, after.data(), gain.data(), units_ * B);
    if (!inside && alpha != 1) {
      after = (1 - alpha) * before + alpha * after;
    }
  }
  MODBOUND_RETURN_IF_ERROR(Multiply(parameters.w_out(),
                                    states_.rightCols(steps_ * B),
                                    false,
                                    execution,
                                    logits_));
  logits_.colwise() += parameters.b_out();
  return absl::OkStatus();
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
    total = static_cast<double>(logits_.cols());
  }
  const int64_t O = logits_.rows();
  double loss = 0;
  for (int64_t column = 0; column < logits_.cols(); ++column) {
    if (column % 100000 == 0 && execution.stopped()) {
      return StoppedError();
    }
    Scalar* y = logits_.data() + column * O;
    const auto i = static_cast<std::size_t>(column);
    const int32_t target = batch.targets[i];
    const double weight =
        weighted ? static_cast<double>(batch.weights[i]) : 1.0;
    const Scalar largest = *std::max_element(y, y + O);
    const Scalar right = y[target] - largest;
    Scalar sum = 0;
    for (int64_t o = 0; o < O; ++o) {
      y[o] = std::exp(y[o] - largest);
      sum += y[o];
    }
    loss += weight * static_cast<double>(std::log(sum) - right);
    const auto scale = static_cast<Scalar>(weight / total);
    for (int64_t o = 0; o < O; ++o) {
      y[o] *= scale / sum;
    }
    y[target] -= scale;
  }
  return loss / total;
}

template <typename Scalar>
absl::Status Backprop<Scalar>::Backward(Parameters<Scalar>& parameters,
                                        const Execution& execution) {
  const int64_t B = streams_;
  const auto alpha = static_cast<Scalar>(dynamics_.alpha());
  const bool inside = dynamics_.update == Update::kLeakInside;
  MODBOUND_RETURN_IF_ERROR(Multiply(
      parameters.w_out().transpose(), logits_, false, execution, deltas_));
  if (units_ <= kMaxPackedUnits) {
    packed_.Pack(parameters.w_rec().transpose());
  }
  for (int64_t t = steps_ - 1; t >= 0; --t) {
    const auto delta = deltas_.middleCols(t * B, B);
    auto error = gains_.middleCols(t * B, B);
    error.array() *= alpha * delta.array();
    if (t == 0) {
      break;
    }
    auto carry = deltas_.middleCols((t - 1) * B, B);
    if (alpha != 1) {
      if (inside) {
        carry += ((1 - alpha) / alpha) * error;
      } else {
        carry += (1 - alpha) * delta;
      }
    }
    MODBOUND_RETURN_IF_ERROR(AddRecurrent(
        packed_, parameters.w_rec().transpose(), error, execution, carry));
  }
  return absl::OkStatus();
}

template <typename Scalar>
absl::Status Backprop<Scalar>::WeightGradients(const Batch<Scalar>& batch,
                                               Parameters<Scalar>& gradient,
                                               const Execution& execution) {
  const int64_t columns = steps_ * streams_;
  MODBOUND_RETURN_IF_ERROR(Multiply(gains_,
                                    states_.leftCols(columns).transpose(),
                                    false,
                                    execution,
                                    gradient.w_rec()));
  MODBOUND_RETURN_IF_ERROR(Multiply(
      gains_, batch.inputs.transpose(), false, execution, gradient.w_in()));
  MODBOUND_RETURN_IF_ERROR(Multiply(logits_,
                                    states_.rightCols(columns).transpose(),
                                    false,
                                    execution,
                                    gradient.w_out()));
  gradient.b_in() = gains_.rowwise().sum();
  gradient.b_rec() = gradient.b_in();
  gradient.b_out() = logits_.rowwise().sum();
  return absl::OkStatus();
}

template class Backprop<float>;
template class Backprop<double>;

}  // namespace modbound
