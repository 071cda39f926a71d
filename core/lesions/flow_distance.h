#ifndef MODBOUND_CORE_LESIONS_FLOW_DISTANCE_H_
#define MODBOUND_CORE_LESIONS_FLOW_DISTANCE_H_

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/network/lesion.h"
#include "core/network/network.h"

namespace modbound {

// distance(g, i) = |F_i(r_g) - F(r_g)|_2 in N dimensions: one step with the
// constant input from each state, of the network without unit i and of the
// intact one. states: G x N, used as they are, negative values too; input: I,
// finite. Result: G x N, >= 0.
// No network is lesioned: column i of W_rec changes the argument of f by
// -W_rec(:, i) r_i, row i and what the scope adds change its element i only.
// Cost: G N^2. Threads: blocks of states; result independent of their number.
// Errors: WRONG_SHAPE for "states" or "input"; DIVERGED when a distance is not
// finite; kCancelled.
absl::StatusOr<Matrix> FlowDistances(const Network& network,
                                     const Matrix& states,
                                     const Vector& input,
                                     LesionScope scope,
                                     const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_LESIONS_FLOW_DISTANCE_H_
