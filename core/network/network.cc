#include "core/network/network.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/shape.h"
#include "core/network/activation.h"

namespace modbound {
namespace {

absl::Status CheckPositive(const char* field, double value) {
  if (std::isfinite(value) && value > 0) {
    return absl::OkStatus();
  }
  return Refuse(reason::kOutOfRange,
                field,
                absl::StrCat(field, " is ", value, "; allowed: > 0"));
}

template <typename Derived>
absl::Status CheckArray(const char* name,
                        const Eigen::MatrixBase<Derived>& array,
                        int64_t rows,
                        int64_t cols) {
  const std::string field = absl::StrCat("inputs.", name);
  MODBOUND_RETURN_IF_ERROR(CheckShape(field, array, rows, cols));
  return CheckFinite(array, field);
}

}  // namespace

std::array<std::array<int64_t, 2>, kNetworkArrays> NetworkArrayShapes(
    int64_t units, int64_t inputs, int64_t outputs) {
  return {{{units, inputs},
           {units, 1},
           {units, units},
           {units, 1},
           {outputs, units},
           {outputs, 1}}};
}

absl::Status Dynamics::Validate() const {
  MODBOUND_RETURN_IF_ERROR(CheckPositive("dt", dt_ms));
  MODBOUND_RETURN_IF_ERROR(CheckPositive("tau", tau_ms));
  if (dt_ms > tau_ms) {
    return Refuse(reason::kContradiction,
                  "dt",
                  absl::StrCat("dt is ",
                               dt_ms,
                               " ms, longer than tau = ",
                               tau_ms,
                               " ms; allowed: dt <= tau"));
  }
  return absl::OkStatus();
}

absl::Status Network::Validate() const {
  MODBOUND_RETURN_IF_ERROR(dynamics.Validate());
  const int64_t N = w_rec.rows();
  MODBOUND_RETURN_IF_ERROR(CheckArray("w_rec", w_rec, N, N));
  MODBOUND_RETURN_IF_ERROR(CheckArray("w_in", w_in, N, w_in.cols()));
  MODBOUND_RETURN_IF_ERROR(CheckArray("b_in", b_in, N, 1));
  MODBOUND_RETURN_IF_ERROR(CheckArray("b_rec", b_rec, N, 1));
  MODBOUND_RETURN_IF_ERROR(CheckArray("w_out", w_out, w_out.rows(), N));
  return CheckArray("b_out", b_out, w_out.rows(), 1);
}

Matrix PreActivation(const Network& network,
                     const Matrix& states,
                     const Matrix& inputs) {
  Matrix pre(states.rows(), network.units());
  pre.noalias() = states * network.w_rec.transpose();
  pre.noalias() += inputs * network.w_in.transpose();
  pre.rowwise() += (network.b_in + network.b_rec).transpose();
  if (network.dynamics.update == Update::kLeakInside) {
    const double alpha = network.dynamics.alpha();
    pre = (1 - alpha) * states + alpha * pre;
  }
  return pre;
}

void Activate(Activation activation, Matrix& values) {
  internal::ApplyActivation(activation, values.data(), values.size());
}

Matrix ActivationGain(Activation activation, const Matrix& pre) {
  Matrix values = pre;
  Activate(activation, values);
  Matrix gains(pre.rows(), pre.cols());
  internal::GainOfValues(
      activation, values.data(), gains.data(), values.size());
  return gains;
}

Matrix Step(const Network& network,
            const Matrix& states,
            const Matrix& inputs) {
  Matrix next = PreActivation(network, states, inputs);
  Activate(network.dynamics.activation, next);
  const double alpha = network.dynamics.alpha();
  if (network.dynamics.update == Update::kLeakOutside && alpha != 1) {
    next = (1 - alpha) * states + alpha * next;
  }
  return next;
}

Matrix Readout(const Network& network, const Matrix& states) {
  Matrix outputs(states.rows(), network.outputs());
  outputs.noalias() = states * network.w_out.transpose();
  outputs.rowwise() += network.b_out.transpose();
  return outputs;
}

}  // namespace modbound
