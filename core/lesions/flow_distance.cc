#include "core/lesions/flow_distance.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/kept_blocks.h"
#include "core/network/activation.h"

namespace modbound {
namespace {

// States of one work item: a column of W_rec is read once for all of them.
constexpr int64_t kStateBlock = 16;

absl::Status CheckShapes(const Network& network,
                         const Matrix& states,
                         const Vector& input) {
  if (states.cols() != network.units()) {
    return Refuse(reason::kWrongShape,
                  "states",
                  absl::StrCat("states has ",
                               states.cols(),
                               " units, the network ",
                               network.units()));
  }
  if (input.size() != network.inputs()) {
    return Refuse(reason::kWrongShape,
                  "input",
                  absl::StrCat("input has ",
                               input.size(),
                               " values; the network takes ",
                               network.inputs()));
  }
  return absl::OkStatus();
}

// What all states share.
class Lesions {
 public:
  Lesions(const Network& network, const Vector& input, LesionScope scope)
      : network_(network),
        inside_(network.dynamics.update == Update::kLeakInside),
        alpha_(network.dynamics.alpha()),
        columns_(network.w_rec.transpose()),
        own_drive_(OwnDrive(network, input, scope)) {
    if (inside_) {
      columns_ *= alpha_;
    }
  }

  // Distances of the states in rows first ... of `states`, of every unit, into
  // the same rows of `distances`.
  absl::Status Measure(const Matrix& states,
                       const Matrix& inputs,
                       int64_t first,
                       Matrix& distances,
                       const Execution& execution) const {
    const int64_t count = inputs.rows();
    const int64_t N = network_.units();
    const Matrix pre =
        PreActivation(network_, states.middleRows(first, count), inputs);
    std::vector<Vector> arguments;
    std::vector<Vector> values;
    for (int64_t k = 0; k < count; ++k) {
      arguments.emplace_back(pre.row(k).transpose());
      values.push_back(Activated(arguments.back()));
    }
    // A unit's activation is at the same offset of an equally aligned vector
    // with and without lesion, so that what a lesion leaves alone stays equal
    // to the last bit.
    Vector lesioned(N);
    for (int64_t i = 0; i < N; ++i) {
      if (execution.stopped()) {
        return StoppedError();
      }
      for (int64_t k = 0; k < count; ++k) {
        const double r = states(first + k, i);
        const auto at = static_cast<std::size_t>(k);
        lesioned = arguments[at] - r * columns_.row(i).transpose();
        lesioned(i) =
            inside_ ? (1 - alpha_) * r + alpha_ * own_drive_(i) : own_drive_(i);
        internal::ApplyActivation(
            network_.dynamics.activation, lesioned.data(), N);
        distances(first + k, i) = Scale() * (lesioned - values[at]).norm();
      }
    }
    return absl::OkStatus();
  }

 private:
  // What is left of W_rec r + W_in x + b_in + b_rec for the lesioned unit.
  static Vector OwnDrive(const Network& network,
                         const Vector& input,
                         LesionScope scope) {
    switch (scope) {
      case LesionScope::kRecurrent:
        return network.w_in * input + network.b_in + network.b_rec;
      case LesionScope::kAll:
        return network.b_in + network.b_rec;
      case LesionScope::kSilence:
        break;
    }
    return Vector::Zero(network.units());
  }

  Vector Activated(Vector argument) const {
    internal::ApplyActivation(
        network_.dynamics.activation, argument.data(), argument.size());
    return argument;
  }

  // The leak (1-alpha) r is the same with and without lesion.
  double Scale() const { return inside_ ? 1 : alpha_; }

  const Network& network_;
  bool inside_;
  double alpha_;
  Matrix columns_;  // N x N, row i = column i of W_rec, times alpha if inside
  Vector own_drive_;
};

}  // namespace

absl::StatusOr<Matrix> FlowDistances(const Network& network,
                                     const Matrix& states,
                                     const Vector& input,
                                     LesionScope scope,
                                     const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckShapes(network, states, input));
  const Lesions lesions(network, input, scope);
  const int64_t G = states.rows();
  Matrix distances(G, network.units());
  KeptBlocks blocks;
  blocks.phase = "flow distances";
  blocks.unit = "states";
  blocks.count = G;
  blocks.block = kStateBlock;
  KeepArray(distances.data(), distances.cols(), blocks);
  MODBOUND_RETURN_IF_ERROR(
      RunKeptBlocks(blocks, execution, [&](int64_t first, int64_t count) {
        const Matrix inputs = input.transpose().replicate(count, 1);
        return lesions.Measure(states, inputs, first, distances, execution);
      }));
  if (!distances.allFinite()) {
    return MakeError(absl::StatusCode::kAborted,
                     reason::kDiverged,
                     "",
                     "a flow distance is not finite");
  }
  return distances;
}

}  // namespace modbound
