#ifndef MODBOUND_CORE_DYNAMICS_JACOBIAN_H_
#define MODBOUND_CORE_DYNAMICS_JACOBIAN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/network/network.h"

namespace modbound {

// Jacobian of one step, J_ij = dr_i(t+1) / dr_j(t), N x N, from the gains g =
// f'(pre-activation) (N), D = diag g:
//   kLeakOutside: J = (1-alpha) I + alpha D W_rec
//   kLeakInside:  J = D ((1-alpha) I + alpha W_rec).
// J is affine in g: the mean Jacobian of many states is that of their mean
// gain.
Matrix JacobianFromGain(const Network& network, const Vector& gain);

// J at one state (N) before a step with this input (I).
Matrix Jacobian(const Network& network,
                const Vector& state,
                const Vector& input);

// Mean over S states (S x N, before the step) with their inputs (S x I) of the
// gains: N. S >= 1. Sums are made over fixed blocks in order: independent of
// the thread count. Cost: S N^2. Errors: WRONG_SHAPE for "states" or "inputs";
// DEGENERATE for "states" when S = 0; kCancelled.
absl::StatusOr<Vector> MeanGain(const Network& network,
                                const Matrix& states,
                                const Matrix& inputs,
                                const Execution& execution);

// States before each step of trials that started from 0: activity (a row a
// step, the state after it, trials one after another) moved down by one row
// inside each trial, zeros first. first_rows: the row that each trial begins
// at; the number of all rows may follow.
Matrix StatesBefore(const Matrix& activity,
                    const std::vector<int64_t>& first_rows);

// J - I, the derivative of the flow F(r) - r.
Matrix FlowJacobian(Matrix jacobian);

}  // namespace modbound

#endif  // MODBOUND_CORE_DYNAMICS_JACOBIAN_H_
