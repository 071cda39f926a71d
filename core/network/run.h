#ifndef MODBOUND_CORE_NETWORK_RUN_H_
#define MODBOUND_CORE_NETWORK_RUN_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/progress_counter.h"
#include "core/network/intervened_run.h"
#include "core/network/network.h"

namespace modbound {

// Trials are run in blocks of exactly this many rows, the last one filled up
// with zeros: a matrix product may sum in another order when it has another
// number of rows, so only a fixed number makes a trial's bytes independent of
// how many others there are and of threads.
inline constexpr int64_t kTrialBlock = 32;

// Rows of an array over K trials and T steps: kByTrial k T + t, kByTime t K +
// k.
enum class RowOrder { kByTrial, kByTime };

struct Run {
  Matrix activity;  // K T x N, the state after the step with input t
  Matrix outputs;   // K T x O, the readout of that state
};

// Runs `trials` K sequences of the same length T, independent of each other.
// inputs: K T x I, rows in `order`. initial_states: K x N, or 1 x N for every
// trial, or 0 x 0 for zeros. Results have rows in the same order.
// Threads: blocks of kTrialBlock trials in parallel; result independent of
// their number. Progress: steps of all trials. Errors: kCancelled; DIVERGED for
// "" when a state is not finite; those of IntervenedRun::Prepare.
absl::StatusOr<Run> RunNetwork(const Network& network,
                               const Matrix& inputs,
                               int64_t trials,
                               RowOrder order,
                               const Matrix& initial_states,
                               const Execution& execution,
                               const Intervention& intervention = {});

// The states after the last step alone: K x N, a row a trial. T >= 1. Else as
// RunNetwork.
absl::StatusOr<Matrix> FinalStates(const Network& network,
                                   const Matrix& inputs,
                                   int64_t trials,
                                   RowOrder order,
                                   const Matrix& initial_states,
                                   const Execution& execution);

// Progress of trials of `steps` steps each.
ProgressCounter StepCounter(const Execution& execution,
                            int64_t trials,
                            int64_t steps);

// States of a block before its first step: rows [first, first + count) of
// initial_states (as above), zeros below.
Matrix InitialBlock(const Matrix& initial_states,
                    int64_t first,
                    int64_t count,
                    int64_t units);

// Runs one block of `trials`, at most kTrialBlock: `states` (kTrialBlock x N)
// holds the initial states and in the end the last ones. inputs: T kTrialBlock
// x I, row t kTrialBlock + k. held: units that stay at a level. after_step(t,
// states) is called after each step. Adds trials T to `counter`. Errors: as
// RunNetwork.
absl::Status RunBlock(
    const Network& network,
    const Matrix& inputs,
    int64_t trials,
    Matrix& states,
    HeldBlock held,
    const Execution& execution,
    ProgressCounter& counter,
    const std::function<void(int64_t, const Matrix&)>& after_step);

}  // namespace modbound

#endif  // MODBOUND_CORE_NETWORK_RUN_H_
