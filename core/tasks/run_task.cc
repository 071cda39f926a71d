#include "core/tasks/run_task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/network/intervened_run.h"
#include "core/network/run.h"

namespace modbound {
namespace {

// Runs the blocks; every block writes only its own rows.
class TaskRunner {
 public:
  TaskRunner(const IntervenedRun& intervened,
             const Task& task,
             const TaskRunOptions& options)
      : intervened_(intervened),
        network_(intervened.network()),
        task_(task),
        options_(options) {
    const int64_t K = options.trials;
    run_.trials.resize(static_cast<std::size_t>(K));
    run_.final_states.resize(options.record_final_states ? K : 0,
                             network_.units());
    moments_.resize(static_cast<std::size_t>(blocks()));
    if (options.record_steps) {
      const int64_t rows = K * task.steps();
      run_.activity.resize(rows, network_.units());
      run_.inputs.resize(rows, task.inputs());
      run_.outputs.resize(rows, task.outputs());
      run_.variables.resize(rows,
                            static_cast<int64_t>(task.variable_names().size()));
    }
  }

  int64_t blocks() const {
    return (options_.trials + kTrialBlock - 1) / kTrialBlock;
  }

  absl::Status RunOne(int64_t block,
                      const Execution& execution,
                      ProgressCounter& counter) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = std::min(kTrialBlock, options_.trials - first);
    const Matrix inputs = DrawInputs(first, count, execution);
    Matrix states =
        InitialBlock(options_.initial_states, first, count, network_.units());
    ActivityMoments& moments = moments_[static_cast<std::size_t>(block)];
    const auto record = [&](int64_t t, const Matrix& now) {
      if (options_.record_steps) {
        Record(first, count, t, now);
      }
      for (int64_t k = 0; options_.record_moments && k < count; ++k) {
        moments.Add(now.row(k));
      }
    };
    MODBOUND_RETURN_IF_ERROR(
        RunBlock(network_,
                 inputs,
                 count,
                 states,
                 intervened_.HoldsOf(options_.first_trial + first, count),
                 execution,
                 counter,
                 record));
    if (options_.record_final_states) {
      run_.final_states.middleRows(first, count) = states.topRows(count);
    }
    Choose(first, count, Readout(network_, states));
    return absl::OkStatus();
  }

  TaskRun Finish() && {
    for (const ActivityMoments& block : moments_) {
      run_.moments.Join(block);
    }
    return std::move(run_);
  }

 private:
  TrialOutcome& OutcomeOf(int64_t k) {
    return run_.trials[static_cast<std::size_t>(k)];
  }

  // Inputs of a block, row t kTrialBlock + k. Ends early when stopped, which
  // RunBlock then reports.
  Matrix DrawInputs(int64_t first, int64_t count, const Execution& execution) {
    const int64_t T = task_.steps();
    Matrix inputs = Matrix::Zero(T * kTrialBlock, task_.inputs());
    Trial trial;
    for (int64_t k = 0; k < count && !execution.stopped(); ++k) {
      RandomStream random(
          options_.seed,
          options_.purpose,
          static_cast<uint64_t>(options_.first_trial + first + k));
      task_.Draw(random, trial);
      intervened_.Clamp(1, 1, trial.inputs);
      OutcomeOf(first + k).ground_truth = trial.ground_truth;
      OutcomeOf(first + k).coherence = trial.coherence;
      for (int64_t t = 0; t < T; ++t) {
        inputs.row(t * kTrialBlock + k) = trial.inputs.row(t);
      }
      if (options_.record_steps) {
        run_.inputs.middleRows((first + k) * T, T) = trial.inputs;
        run_.variables.middleRows((first + k) * T, T) = task_.Variables(trial);
      }
    }
    return inputs;
  }

  void Record(int64_t first, int64_t count, int64_t t, const Matrix& states) {
    const Matrix outputs = Readout(network_, states);
    for (int64_t k = 0; k < count; ++k) {
      const int64_t row = (first + k) * task_.steps() + t;
      run_.activity.row(row) = states.row(k);
      run_.outputs.row(row) = outputs.row(k);
    }
  }

  void Choose(int64_t first, int64_t count, const Matrix& outputs) {
    for (int64_t k = 0; k < count; ++k) {
      TrialOutcome& outcome = OutcomeOf(first + k);
      outcome.choice = Choice(outputs.row(k));
      outcome.correct =
          outcome.choice == task_.FinalTarget(outcome.ground_truth);
    }
  }

  const IntervenedRun& intervened_;
  const Network& network_;  // with its changes
  const Task& task_;
  const TaskRunOptions& options_;
  std::vector<ActivityMoments> moments_;  // of each block
  TaskRun run_;
};

// Moments of the activity of the network as it is.
absl::StatusOr<ActivityMoments> IntactMoments(const Network& network,
                                              const Task& task,
                                              const TaskRunOptions& options,
                                              const Execution& execution) {
  TaskRunOptions intact = options;
  intact.intervention = {};
  intact.record_steps = false;
  intact.record_final_states = false;
  intact.record_moments = true;
  MODBOUND_ASSIGN_OR_RETURN(
      TaskRun run,
      RunTask(network, task, intact, ForPart(execution, "intact")));
  return std::move(run.moments);
}

}  // namespace

double RunTaskBytes(const Task& task,
                    int64_t units,
                    int64_t trials,
                    bool record_steps,
                    int threads) {
  const auto T = static_cast<double>(task.steps());
  const auto I = static_cast<double>(task.inputs());
  const auto O = static_cast<double>(task.outputs());
  const auto V = static_cast<double>(task.variable_names().size());
  const auto N = static_cast<double>(units);
  const auto K = static_cast<double>(trials);
  const double blocks = std::ceil(K / kTrialBlock);
  // Each thread: inputs of a block, one trial, some states.
  const double work = std::min<double>(threads, blocks) *
                      (kTrialBlock * 8 * (T * I + 4 * N) + T * (16 * I + 4));
  const double step_rows = record_steps ? K * T * 8 * (N + I + O + V) : 0;
  // Moments of each block; final states; outcomes.
  return work + step_rows + blocks * 3 * 8 * N + K * 8 * N +
         K * sizeof(TrialOutcome);
}

absl::Status CheckTaskFits(const Task& task, int64_t inputs, int64_t outputs) {
  if (inputs == task.inputs() && outputs == task.outputs()) {
    return absl::OkStatus();
  }
  return Refuse(reason::kContradiction,
                "task",
                absl::StrCat("the network has ",
                             inputs,
                             " inputs and ",
                             outputs,
                             " outputs; ",
                             task.spec().name,
                             " has ",
                             task.inputs(),
                             " and ",
                             task.outputs()));
}

absl::StatusOr<TaskRun> RunTask(const Network& network,
                                const Task& task,
                                const TaskRunOptions& options,
                                const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(
      CheckTaskFits(task, network.inputs(), network.outputs()));
  if (options.trials < 1) {
    return Refuse(
        reason::kOutOfRange,
        "trials",
        absl::StrCat("trials is ", options.trials, "; allowed: >= 1"));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const IntervenedRun intervened,
      IntervenedRun::Prepare(network, options.intervention, task.steps(), [&] {
        return IntactMoments(network, task, options, execution);
      }));
  TaskRunner runner(intervened, task, options);
  ProgressCounter counter =
      StepCounter(execution, options.trials, task.steps());
  MODBOUND_RETURN_IF_ERROR(
      ParallelFor(runner.blocks(), execution, [&](int64_t block) {
        return runner.RunOne(block, execution, counter);
      }));
  return std::move(runner).Finish();
}

}  // namespace modbound
