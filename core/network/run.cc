#include "core/network/run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/parallel.h"

namespace modbound {
namespace {

// Row of (trial, step) in an array of `trials` x `steps` rows.
struct RowIndex {
  RowOrder order;
  int64_t trials;
  int64_t steps;

  int64_t operator()(int64_t trial, int64_t step) const {
    return order == RowOrder::kByTrial ? trial * steps + step
                                       : step * trials + trial;
  }
};

}  // namespace

Matrix InitialBlock(const Matrix& initial_states,
                    int64_t first,
                    int64_t count,
                    int64_t units) {
  Matrix states = Matrix::Zero(kTrialBlock, units);
  if (initial_states.rows() == 1) {
    states.topRows(count).rowwise() = initial_states.row(0);
  } else if (initial_states.rows() > 0) {
    states.topRows(count) = initial_states.middleRows(first, count);
  }
  return states;
}

absl::Status RunBlock(
    const Network& network,
    const Matrix& inputs,
    Matrix& states,
    const Execution& execution,
    const std::function<void(int64_t, const Matrix&)>& after_step) {
  MODBOUND_DCHECK(states.rows() == kTrialBlock);
  const int64_t T = inputs.rows() / kTrialBlock;
  for (int64_t t = 0; t < T; ++t) {
    if (execution.stopped()) {
      return StoppedError();
    }
    states =
        Step(network, states, inputs.middleRows(t * kTrialBlock, kTrialBlock));
    if (!states.allFinite()) {
      return MakeError(
          absl::StatusCode::kAborted,
          reason::kDiverged,
          "",
          absl::StrCat("the activity is no longer finite at step ", t));
    }
    after_step(t, states);
  }
  return absl::OkStatus();
}

absl::StatusOr<Run> RunNetwork(const Network& network,
                               const Matrix& inputs,
                               int64_t trials,
                               RowOrder order,
                               const Matrix& initial_states,
                               const Execution& execution) {
  MODBOUND_CHECK(trials >= 1 && inputs.rows() % trials == 0);
  MODBOUND_CHECK(initial_states.rows() <= 1 || initial_states.rows() == trials);
  const int64_t T = inputs.rows() / trials;
  const RowIndex row{order, trials, T};
  Run run{Matrix(trials * T, network.units()),
          Matrix(trials * T, network.outputs())};
  const int64_t blocks = (trials + kTrialBlock - 1) / kTrialBlock;
  MODBOUND_RETURN_IF_ERROR(ParallelFor(blocks, execution, [&](int64_t block) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = std::min(kTrialBlock, trials - first);
    Matrix block_inputs = Matrix::Zero(T * kTrialBlock, inputs.cols());
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t k = 0; k < count; ++k) {
        block_inputs.row(t * kTrialBlock + k) = inputs.row(row(first + k, t));
      }
    }
    Matrix states = InitialBlock(initial_states, first, count, network.units());
    return RunBlock(network,
                    block_inputs,
                    states,
                    execution,
                    [&](int64_t t, const Matrix& now) {
                      const Matrix outputs = Readout(network, now);
                      for (int64_t k = 0; k < count; ++k) {
                        run.activity.row(row(first + k, t)) = now.row(k);
                        run.outputs.row(row(first + k, t)) = outputs.row(k);
                      }
                    });
  }));
  return run;
}

}  // namespace modbound
