#include "core/dynamics/jacobian.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

// States of one work item.
constexpr int64_t kJacobianBlock = 32;

absl::Status CheckShape(const Matrix& array,
                        int64_t rows,
                        int64_t cols,
                        const char* field) {
  if (array.rows() == rows && array.cols() == cols) {
    return absl::OkStatus();
  }
  return Refuse(reason::kWrongShape,
                field,
                absl::StrCat(field,
                             " has shape (",
                             array.rows(),
                             ", ",
                             array.cols(),
                             "), expected (",
                             rows,
                             ", ",
                             cols,
                             ")"));
}

}  // namespace

Matrix JacobianFromGain(const Network& network, const Vector& gain) {
  MODBOUND_DCHECK(gain.size() == network.units());
  const double alpha = network.dynamics.alpha();
  Matrix J = alpha * network.w_rec;
  if (network.dynamics.update == Update::kLeakInside) {
    J.diagonal().array() += 1 - alpha;
  }
  J.array().colwise() *= gain.array();
  if (network.dynamics.update == Update::kLeakOutside) {
    J.diagonal().array() += 1 - alpha;
  }
  return J;
}

Matrix Jacobian(const Network& network,
                const Vector& state,
                const Vector& input) {
  const Matrix pre =
      PreActivation(network, state.transpose(), input.transpose());
  return JacobianFromGain(
      network,
      ActivationGain(network.dynamics.activation, pre).row(0).transpose());
}

absl::StatusOr<Vector> MeanGain(const Network& network,
                                const Matrix& states,
                                const Matrix& inputs,
                                const Execution& execution) {
  const int64_t S = states.rows();
  const int64_t N = network.units();
  MODBOUND_RETURN_IF_ERROR(CheckShape(states, S, N, "states"));
  MODBOUND_RETURN_IF_ERROR(CheckShape(inputs, S, network.inputs(), "inputs"));
  if (S == 0) {
    return Refuse(reason::kDegenerate,
                  "states",
                  "states is empty; a mean Jacobian needs at least 1");
  }
  const int64_t blocks = (S + kJacobianBlock - 1) / kJacobianBlock;
  Matrix sums(blocks, N);
  ProgressCounter counter(execution, "mean gain", "states", S);
  MODBOUND_RETURN_IF_ERROR(ParallelFor(blocks, execution, [&](int64_t block) {
    const int64_t begin = block * kJacobianBlock;
    const int64_t size = std::min(kJacobianBlock, S - begin);
    const Matrix pre = PreActivation(network,
                                     states.middleRows(begin, size),
                                     inputs.middleRows(begin, size));
    sums.row(block) =
        ActivationGain(network.dynamics.activation, pre).colwise().sum();
    counter.Add(size);
    return absl::OkStatus();
  }));
  return (sums.colwise().sum() / static_cast<double>(S)).transpose();
}

Matrix StatesBefore(const Matrix& activity,
                    const std::vector<int64_t>& first_rows) {
  Matrix states(activity.rows(), activity.cols());
  states.bottomRows(activity.rows() - 1) =
      activity.topRows(activity.rows() - 1);
  for (const int64_t row : first_rows) {
    if (row < states.rows()) {
      states.row(row).setZero();
    }
  }
  return states;
}

Matrix FlowJacobian(Matrix jacobian) {
  jacobian.diagonal().array() -= 1;
  return jacobian;
}

}  // namespace modbound
