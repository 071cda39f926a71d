#include "core/network/run.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/parallel.h"

namespace modbound {
namespace {

// Steps of a block after which progress is told: a step of few units is fast.
constexpr int64_t kReportSteps = 16;

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

// Called with the states of trials first ... first + count - 1 (rows 0 ...)
// after step t of them.
using AfterStep = std::function<void(
    int64_t first, int64_t count, int64_t t, const Matrix& states)>;

absl::Status RunTrials(const IntervenedRun& run,
                       const Matrix& inputs,
                       const RowIndex& row,
                       const Matrix& initial_states,
                       const Execution& execution,
                       const AfterStep& after_step) {
  const int64_t T = row.steps;
  ProgressCounter counter = StepCounter(execution, row.trials, T);
  const int64_t blocks = (row.trials + kTrialBlock - 1) / kTrialBlock;
  return ParallelFor(blocks, execution, [&](int64_t block) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = std::min(kTrialBlock, row.trials - first);
    Matrix block_inputs = Matrix::Zero(T * kTrialBlock, inputs.cols());
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t k = 0; k < count; ++k) {
        block_inputs.row(t * kTrialBlock + k) = inputs.row(row(first + k, t));
      }
    }
    run.Clamp(kTrialBlock, count, execution, block_inputs);
    const Network& network = run.network();
    Matrix states = InitialBlock(initial_states, first, count, network.units());
    return RunBlock(network,
                    block_inputs,
                    count,
                    states,
                    run.HoldsOf(first, count),
                    execution,
                    counter,
                    [&](int64_t t, const Matrix& now) {
                      after_step(first, count, t, now);
                    });
  });
}

// Rows of inputs of `trials`, which must go up in them.
RowIndex RowsOf(const Matrix& inputs,
                int64_t trials,
                RowOrder order,
                const Matrix& initial_states) {
  MODBOUND_CHECK(trials >= 1 && inputs.rows() % trials == 0);
  MODBOUND_CHECK(initial_states.rows() <= 1 || initial_states.rows() == trials);
  return {order, trials, inputs.rows() / trials};
}

// The network as it is.
absl::StatusOr<IntervenedRun> IntactRunOf(const Network& network,
                                          int64_t steps) {
  return IntervenedRun::Prepare(network, {}, steps, nullptr);
}

// Moments of the activity of the network as it is.
absl::StatusOr<ActivityMoments> IntactMoments(const Network& network,
                                              const Matrix& inputs,
                                              const RowIndex& row,
                                              const Matrix& initial_states,
                                              const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(const IntervenedRun run,
                            IntactRunOf(network, row.steps));
  const int64_t blocks = (row.trials + kTrialBlock - 1) / kTrialBlock;
  std::vector<ActivityMoments> moments(static_cast<std::size_t>(blocks));
  MODBOUND_RETURN_IF_ERROR(RunTrials(
      run,
      inputs,
      row,
      initial_states,
      ForPart(execution, "intact"),
      [&](int64_t first, int64_t count, int64_t, const Matrix& states) {
        for (int64_t k = 0; k < count; ++k) {
          moments[static_cast<std::size_t>(first / kTrialBlock)].Add(
              states.row(k));
        }
      }));
  ActivityMoments all;
  for (const ActivityMoments& block : moments) {
    all.Join(block);
  }
  return all;
}

}  // namespace

ProgressCounter StepCounter(const Execution& execution,
                            int64_t trials,
                            int64_t steps) {
  return ProgressCounter(execution, "simulating", "steps", trials * steps);
}

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
    int64_t trials,
    Matrix& states,
    HeldBlock held,
    const Execution& execution,
    ProgressCounter& counter,
    const std::function<void(int64_t, const Matrix&)>& after_step) {
  MODBOUND_DCHECK(states.rows() == kTrialBlock);
  const int64_t T = inputs.rows() / kTrialBlock;
  held.BeforeFirstStep(states);
  for (int64_t t = 0; t < T; ++t) {
    if (execution.stopped()) {
      return StoppedError();
    }
    states =
        Step(network, states, inputs.middleRows(t * kTrialBlock, kTrialBlock));
    held.AfterStep(t, states);
    if (!states.allFinite()) {
      return MakeError(
          absl::StatusCode::kAborted,
          reason::kDiverged,
          "",
          absl::StrCat("the activity is no longer finite at step ", t));
    }
    after_step(t, states);
    if ((t + 1) % kReportSteps == 0) {
      counter.Add(trials * kReportSteps);
    }
  }
  if (T % kReportSteps != 0) {
    counter.Add(trials * (T % kReportSteps));
  }
  return absl::OkStatus();
}

absl::StatusOr<Run> RunNetwork(const Network& network,
                               const Matrix& inputs,
                               int64_t trials,
                               RowOrder order,
                               const Matrix& initial_states,
                               const Execution& execution,
                               const Intervention& intervention) {
  const RowIndex row = RowsOf(inputs, trials, order, initial_states);
  MODBOUND_ASSIGN_OR_RETURN(
      const IntervenedRun intervened,
      IntervenedRun::Prepare(network, intervention, row.steps, [&] {
        return IntactMoments(network, inputs, row, initial_states, execution);
      }));
  Run run{Matrix(inputs.rows(), network.units()),
          Matrix(inputs.rows(), network.outputs())};
  MODBOUND_RETURN_IF_ERROR(RunTrials(
      intervened,
      inputs,
      row,
      initial_states,
      execution,
      [&](int64_t first, int64_t count, int64_t t, const Matrix& states) {
        const Matrix outputs = Readout(intervened.network(), states);
        for (int64_t k = 0; k < count; ++k) {
          run.activity.row(row(first + k, t)) = states.row(k);
          run.outputs.row(row(first + k, t)) = outputs.row(k);
        }
      }));
  return run;
}

absl::StatusOr<Matrix> FinalStates(const Network& network,
                                   const Matrix& inputs,
                                   int64_t trials,
                                   RowOrder order,
                                   const Matrix& initial_states,
                                   const Execution& execution) {
  const RowIndex row = RowsOf(inputs, trials, order, initial_states);
  MODBOUND_CHECK(row.steps >= 1);
  MODBOUND_ASSIGN_OR_RETURN(const IntervenedRun run,
                            IntactRunOf(network, row.steps));
  Matrix final_states(trials, network.units());
  MODBOUND_RETURN_IF_ERROR(RunTrials(
      run,
      inputs,
      row,
      initial_states,
      execution,
      [&](int64_t first, int64_t count, int64_t t, const Matrix& states) {
        if (t + 1 == row.steps) {
          final_states.middleRows(first, count) = states.topRows(count);
        }
      }));
  return final_states;
}

}  // namespace modbound
