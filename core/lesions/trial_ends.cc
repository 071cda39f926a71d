#include "absl/strings/str_cat.h"
#include "core/base/error.h"
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
  if (inputs.rows() == 0) {
    return Refuse(reason::kWrongShape,
                  "input_sequence",
                  "input_sequence has no steps; allowed: 1 or more");
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
    options.record_judged = true;
    MODBOUND_ASSIGN_OR_RETURN(TaskRun run,
                              RunTask(network, task, options, execution));
    TrialEnds ends;
    ends.states = std::move(run.judged_states);
    ends.judgements = std::move(run.judgements);
    for (const TrialOutcome& trial : run.trials) {
      ends.types.push_back(
          trial.coin_toss ? -1
                          : task.TrialTypeOf(trial.task, trial.ground_truth));
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
                  RowOrder::kByTime,
                  Matrix(),
                  execution));
  ends.types = ground_truth;
  const int32_t first_target = network.outputs() == 3 ? 1 : 0;
  for (const int32_t type : ground_truth) {
    ends.judgements.push_back(Judgement::AtStep(0, type + first_target));
  }
  return ends;
}

}  // namespace modbound
