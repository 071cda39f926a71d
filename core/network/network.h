#ifndef MODBOUND_CORE_NETWORK_NETWORK_H_
#define MODBOUND_CORE_NETWORK_NETWORK_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "core/base/matrix.h"

// Continuous-time recurrent networks, one Euler step of
//   tau dr/dt = -r + f(W_rec r + W_in x + b_in + b_rec),   alpha = dt / tau.
// Sizes: N units, I inputs, O outputs; B rows = states handled at once.
namespace modbound {

// The arrays of a network, in their order in every list of them.
inline constexpr std::size_t kNetworkArrays = 6;
inline constexpr std::array<const char*, kNetworkArrays> kNetworkArrayNames = {
    "w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"};

// Rows and columns of each; a bias is a column.
std::array<std::array<int64_t, 2>, kNetworkArrays> NetworkArrayShapes(
    int64_t units, int64_t inputs, int64_t outputs);

// Some of them, in this order.
using ArraySet = std::array<bool, kNetworkArrays>;

// f. Relu'(0) = 0; softplus is log(1 + exp(x)).
enum class Activation { kRelu, kTanh, kSigmoid, kSoftplus, kLinear };

// kLeakOutside: r' = (1-alpha) r + alpha f(W_in x + b_in + W_rec r + b_rec).
// kLeakInside:  r' = f((1-alpha) r + alpha (W_in x + b_in + W_rec r + b_rec)).
// One and the same at alpha = 1.
enum class Update { kLeakOutside, kLeakInside };

struct Dynamics {
  Activation activation = Activation::kRelu;
  Update update = Update::kLeakOutside;
  double dt_ms = 100;   // > 0, <= tau_ms
  double tau_ms = 100;  // > 0

  double alpha() const { return dt_ms / tau_ms; }
  // Errors: OUT_OF_RANGE for "dt", "tau" (not finite and above 0),
  // CONTRADICTION for "dt" (longer than tau).
  absl::Status Validate() const;
};

// The network: weights[row = target, column = source].
struct Network {
  Matrix w_in;   // N x I
  Vector b_in;   // N
  Matrix w_rec;  // N x N
  Vector b_rec;  // N
  Matrix w_out;  // O x N
  Vector b_out;  // O
  Dynamics dynamics;

  int64_t units() const { return w_rec.rows(); }
  int64_t inputs() const { return w_in.cols(); }
  int64_t outputs() const { return w_out.rows(); }
  // Errors: those of Dynamics; WRONG_SHAPE and NOT_FINITE for "inputs.w_in"
  // ... "inputs.b_out".
  absl::Status Validate() const;
};

// The argument of f: states (B x N), inputs (B x I) -> B x N. kLeakOutside:
// W_in x + b_in + W_rec r + b_rec; kLeakInside: (1-alpha) r + alpha times that.
Matrix PreActivation(const Network& network,
                     const Matrix& states,
                     const Matrix& inputs);

// values = f(values), element by element. Finite for every finite value.
void Activate(Activation activation, Matrix& values);

// f'(pre), element by element; the shape of pre.
Matrix ActivationGain(Activation activation, const Matrix& pre);

// One step: states (B x N) after the step with inputs (B x I).
Matrix Step(const Network& network, const Matrix& states, const Matrix& inputs);

// W_out r + b_out of each row: B x O.
Matrix Readout(const Network& network, const Matrix& states);

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_NETWORK_H_
