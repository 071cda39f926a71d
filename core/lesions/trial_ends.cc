#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/lesions/output_lesion.h"
#include "core/network/run.h"
#include "core/tasks/run_task.h"

namespace modbound {
namespace {

absl::Status CheckSequence(const Network& network,
                           const Matrix& inputs,
                           const std::vector<int32_t>& ground_truth) {
  const auto trials = static_cast<int64_t>(ground_truth.size());
  if (trials == 0 || inputs.rows() % trials != 0) {
    return Refuse(reason::kWrongShape,
                  "ground_truth",
                  absl::StrCat("ground_truth has ",
                               trials,
                               " trials; input_sequence has ",
                               inputs.rows(),
                               " rows, not a multiple"));
  }
  if (inputs.cols() != network.inputs()) {
    return Refuse(reason::kWrongShape,
                  "input_sequence",
                  absl::StrCat("input_sequence has ",
                               inputs.cols(),
                               " channels; the network takes ",
                               network.inputs()));
  }
  if (network.outputs() != 2 && network.outputs() != 3) {
    return Refuse(reason::kContradiction,
                  "input_sequence",
                  absl::StrCat("the network has ",
                               network.outputs(),
                               " outputs; given trials need 2 or 3"));
  }
  for (std::size_t k = 0; k < ground_truth.size(); ++k) {
    if (ground_truth[k] != 0 && ground_truth[k] != 1) {
      return Refuse(reason::kOutOfRange,
                    "ground_truth",
                    absl::StrCat("ground_truth[",
                                 k,
                                 "] is ",
                                 ground_truth[k],
                                 "; allowed: 0 and 1"));
    }
  }
  return absl::OkStatus();
}

// States after the last step: K x N.
absl::StatusOr<Matrix> FinalStates(const Network& network,
                                   const Matrix& inputs,
                                   int64_t trials,
                                   const Execution& execution) {
  const int64_t steps = inputs.rows() / trials;
  Matrix final_states(trials, network.units());
  const int64_t blocks = (trials + kTrialBlock - 1) / kTrialBlock;
  MODBOUND_RETURN_IF_ERROR(ParallelFor(blocks, execution, [&](int64_t block) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = std::min(kTrialBlock, trials - first);
    Matrix rows = Matrix::Zero(steps * kTrialBlock, inputs.cols());
    for (int64_t t = 0; t < steps; ++t) {
      rows.middleRows(t * kTrialBlock, count) =
          inputs.middleRows(t * trials + first, count);
    }
    Matrix states = Matrix::Zero(kTrialBlock, network.units());
    return RunBlock(
        network, rows, states, execution, [&](int64_t t, const Matrix& now) {
          if (t + 1 == steps) {
            final_states.middleRows(first, count) = now.topRows(count);
          }
        });
  }));
  return final_states;
}

}  // namespace

TrialSource TrialsOfTask(const Network& network,
                         const Task& task,
                         int64_t trials,
                         uint64_t seed) {
  return [&network, &task, trials, seed](
             int64_t repeat,
             const Execution& execution) -> absl::StatusOr<TrialEnds> {
    TaskRunOptions options;
    options.trials = trials;
    options.seed = seed;
    options.purpose = RandomPurpose::kLesionTrials;
    options.first_trial = repeat * trials;
    options.record_steps = false;
    MODBOUND_ASSIGN_OR_RETURN(TaskRun run,
                              RunTask(network, task, options, execution));
    TrialEnds ends;
    ends.states = std::move(run.final_states);
    for (const TrialOutcome& trial : run.trials) {
      const bool counts = !task.has_coherences() || trial.coherence != 0;
      ends.types.push_back(counts ? trial.ground_truth : -1);
      ends.targets.push_back(task.FinalTarget(trial.ground_truth));
    }
    return ends;
  };
}

absl::StatusOr<TrialEnds> EndsOfSequence(
    const Network& network,
    const Matrix& inputs,
    const std::vector<int32_t>& ground_truth,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckSequence(network, inputs, ground_truth));
  TrialEnds ends;
  MODBOUND_ASSIGN_OR_RETURN(
      ends.states,
      FinalStates(network,
                  inputs,
                  static_cast<int64_t>(ground_truth.size()),
                  execution));
  ends.types = ground_truth;
  const int32_t first_target = network.outputs() == 3 ? 1 : 0;
  for (const int32_t type : ground_truth) {
    ends.targets.push_back(type + first_target);
  }
  return ends;
}

}  // namespace modbound
