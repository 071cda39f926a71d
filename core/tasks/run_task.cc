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

// Trials of a block beside its states: how each is judged, and where.
struct BlockTrials {
  Matrix inputs;  // T kTrialBlock x I, row t kTrialBlock + k, T of the longest
  std::vector<int64_t> steps;          // of each trial
  std::vector<Judgement> judgements;   // of each trial
  std::vector<int64_t> first_choices;  // where the choices of each begin
  std::vector<int32_t> choices;        // at each judged step
  std::vector<std::size_t> judged;     // steps of each that were judged so far
};

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
    run_.judgements.resize(
        static_cast<std::size_t>(options.record_judged ? K : 0));
    moments_.resize(static_cast<std::size_t>(blocks()));
    judged_states_.resize(static_cast<std::size_t>(blocks()));
    MeasureTrials();
    if (options.record_steps) {
      const int64_t rows = run_.first_rows.back();
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

  // Steps of all trials as they are run: those of a block as long as its
  // longest.
  int64_t steps() const {
    int64_t steps = 0;
    for (int64_t block = 0; block < blocks(); ++block) {
      steps += CountOf(block) * LongestOf(block);
    }
    return steps;
  }

  absl::Status RunOne(int64_t block,
                      const Execution& execution,
                      ProgressCounter& counter) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = CountOf(block);
    BlockTrials trials = DrawBlock(block, execution);
    Matrix states =
        InitialBlock(options_.initial_states, first, count, network_.units());
    Matrix& judged_states = judged_states_[static_cast<std::size_t>(block)];
    if (options_.record_judged) {
      judged_states.resize(static_cast<int64_t>(trials.choices.size()),
                           network_.units());
    }
    ActivityMoments& moments = moments_[static_cast<std::size_t>(block)];
    const auto after_step = [&](int64_t t, const Matrix& now) {
      if (options_.record_steps) {
        Record(first, trials, t, now);
      }
      Judge(t, now, trials, judged_states);
      for (int64_t k = 0; k < count; ++k) {
        const int64_t left = trials.steps[static_cast<std::size_t>(k)] - t;
        if (options_.record_moments && left > 0) {
          moments.Add(now.row(k));
        }
        if (left <= 1) {
          // What an ended trial would go on to must not diverge.
          states.row(k).setZero();
        }
      }
    };
    MODBOUND_RETURN_IF_ERROR(
        RunBlock(network_,
                 trials.inputs,
                 count,
                 states,
                 intervened_.HoldsOf(options_.first_trial + first, count),
                 execution,
                 counter,
                 after_step));
    for (int64_t k = 0; k < count; ++k) {
      Finish(first + k, k, trials);
    }
    return absl::OkStatus();
  }

  TaskRun Finish() && {
    for (const ActivityMoments& block : moments_) {
      run_.moments.Join(block);
    }
    if (options_.record_judged) {
      int64_t rows = 0;
      for (const Matrix& block : judged_states_) {
        rows += block.rows();
      }
      run_.judged_states.resize(rows, network_.units());
      rows = 0;
      for (const Matrix& block : judged_states_) {
        run_.judged_states.middleRows(rows, block.rows()) = block;
        rows += block.rows();
      }
    }
    return std::move(run_);
  }

 private:
  int64_t CountOf(int64_t block) const {
    return std::min(kTrialBlock, options_.trials - block * kTrialBlock);
  }

  int64_t TrialSteps(int64_t trial) const {
    const auto k = static_cast<std::size_t>(trial);
    return run_.first_rows[k + 1] - run_.first_rows[k];
  }

  int64_t LongestOf(int64_t block) const {
    int64_t longest = 0;
    for (int64_t k = 0; k < CountOf(block); ++k) {
      longest = std::max(longest, TrialSteps(block * kTrialBlock + k));
    }
    return longest;
  }

  RandomStream RandomOf(int64_t trial) const {
    return {options_.seed,
            options_.purpose,
            static_cast<uint64_t>(options_.first_trial + trial)};
  }

  void MeasureTrials() {
    run_.first_rows.reserve(static_cast<std::size_t>(options_.trials) + 1);
    run_.first_rows.push_back(0);
    for (int64_t k = 0; k < options_.trials; ++k) {
      run_.first_rows.push_back(run_.first_rows.back() +
                                task_.DrawSteps(RandomOf(k)));
    }
  }

  // Ends early when stopped, which RunBlock then reports.
  BlockTrials DrawBlock(int64_t block, const Execution& execution) {
    const int64_t first = block * kTrialBlock;
    const int64_t count = CountOf(block);
    BlockTrials trials;
    trials.inputs =
        Matrix::Zero(LongestOf(block) * kTrialBlock, task_.inputs());
    trials.judgements.resize(static_cast<std::size_t>(count));
    trials.judged.resize(static_cast<std::size_t>(count));
    std::size_t choices = 0;
    Trial trial;
    for (int64_t k = 0; k < count && !execution.stopped(); ++k) {
      RandomStream random = RandomOf(first + k);
      task_.Draw(random, trial);
      intervened_.Clamp(1, 1, execution, trial.inputs);
      TrialOutcome& outcome = run_.trials[static_cast<std::size_t>(first + k)];
      outcome.ground_truth = trial.ground_truth;
      outcome.coherence = trial.coherence;
      outcome.task = trial.task;
      outcome.coin_toss = task_.IsCoinToss(trial);
      const int64_t T = trial.steps();
      for (int64_t t = 0; t < T; ++t) {
        trials.inputs.row(t * kTrialBlock + k) = trial.inputs.row(t);
      }
      if (options_.record_steps) {
        const int64_t row =
            run_.first_rows[static_cast<std::size_t>(first + k)];
        run_.inputs.middleRows(row, T) = trial.inputs.topRows(T);
        run_.variables.middleRows(row, T) = task_.Variables(trial);
      }
      Judgement& judgement = trials.judgements[static_cast<std::size_t>(k)];
      judgement = task_.Judge(trial);
      trials.first_choices.push_back(static_cast<int64_t>(choices));
      choices += judgement.steps.size();
    }
    trials.steps.resize(static_cast<std::size_t>(count));
    for (int64_t k = 0; k < count; ++k) {
      trials.steps[static_cast<std::size_t>(k)] = TrialSteps(first + k);
    }
    trials.choices.resize(choices);
    return trials;
  }

  void Record(int64_t first,
              const BlockTrials& trials,
              int64_t t,
              const Matrix& states) {
    const Matrix outputs = Readout(network_, states);
    for (std::size_t k = 0; k < trials.steps.size(); ++k) {
      if (t < trials.steps[k]) {
        const int64_t row =
            run_.first_rows[static_cast<std::size_t>(first) + k] + t;
        run_.activity.row(row) = states.row(static_cast<int64_t>(k));
        run_.outputs.row(row) = outputs.row(static_cast<int64_t>(k));
      }
    }
  }

  // The choices of the trials that are judged at step t.
  void Judge(int64_t t,
             const Matrix& states,
             BlockTrials& trials,
             Matrix& judged_states) const {
    Matrix outputs;
    for (std::size_t k = 0; k < trials.judgements.size(); ++k) {
      const std::vector<int64_t>& steps = trials.judgements[k].steps;
      std::size_t& judged = trials.judged[k];
      if (judged == steps.size() || steps[judged] != t) {
        continue;
      }
      if (outputs.size() == 0) {
        outputs = Readout(network_, states);
      }
      const auto row = static_cast<int64_t>(k);
      const int64_t at = trials.first_choices[k] + static_cast<int64_t>(judged);
      trials.choices[static_cast<std::size_t>(at)] = Choice(outputs.row(row));
      if (options_.record_judged) {
        judged_states.row(at) = states.row(row);
      }
      ++judged;
    }
  }

  void Finish(int64_t trial, int64_t k, BlockTrials& trials) {
    Judgement& judgement = trials.judgements[static_cast<std::size_t>(k)];
    const int32_t* choices = trials.choices.data() +
                             trials.first_choices[static_cast<std::size_t>(k)];
    TrialOutcome& outcome = run_.trials[static_cast<std::size_t>(trial)];
    outcome.choice = choices[judgement.steps.size() - 1];
    outcome.correct = judgement.IsRight(choices);
    if (options_.record_judged) {
      run_.judgements[static_cast<std::size_t>(trial)] = std::move(judgement);
    }
  }

  const IntervenedRun& intervened_;
  const Network& network_;  // with its changes
  const Task& task_;
  const TaskRunOptions& options_;
  std::vector<ActivityMoments> moments_;  // of each block
  std::vector<Matrix> judged_states_;     // of each block
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
  intact.record_judged = false;
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
  const auto T = static_cast<double>(task.max_steps());
  const auto I = static_cast<double>(task.inputs());
  const auto O = static_cast<double>(task.outputs());
  const auto V = static_cast<double>(task.variable_names().size());
  const auto N = static_cast<double>(units);
  const auto K = static_cast<double>(trials);
  const double blocks = std::ceil(K / kTrialBlock);
  const auto J = static_cast<double>(task.max_judged_steps());
  // Each thread: inputs, judged steps and choices of a block, one trial, some
  // states.
  const double work =
      std::min<double>(threads, blocks) *
      (kTrialBlock * (8 * (T * I + 4 * N) + 12 * J) + T * (16 * I + 4));
  const double step_rows = record_steps ? K * T * 8 * (N + I + O + V) : 0;
  // Moments of each block; outcomes and first rows.
  return work + step_rows + blocks * 3 * 8 * N + K * (sizeof(TrialOutcome) + 8);
}

double JudgedBytes(const Task& task, int64_t units, int64_t trials) {
  const auto K = static_cast<double>(trials);
  const auto J = static_cast<double>(task.max_judged_steps());
  // States, of the blocks and in all; steps and targets.
  return K * (J * (16 * static_cast<double>(units) + 12) + sizeof(Judgement));
}

absl::Status CheckTaskFits(const Task& task,
                           int64_t inputs,
                           int64_t outputs,
                           std::string_view field) {
  if (inputs == task.inputs() && outputs == task.outputs()) {
    return absl::OkStatus();
  }
  return Refuse(reason::kContradiction,
                field,
                absl::StrCat("the network has ",
                             inputs,
                             " inputs and ",
                             outputs,
                             " outputs; ",
                             task.name(),
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
      IntervenedRun::Prepare(
          network, options.intervention, task.max_steps(), [&] {
            return IntactMoments(network, task, options, execution);
          }));
  TaskRunner runner(intervened, task, options);
  ProgressCounter counter = StepCounter(execution, 1, runner.steps());
  MODBOUND_RETURN_IF_ERROR(
      ParallelFor(runner.blocks(), execution, [&](int64_t block) {
        return runner.RunOne(block, execution, counter);
      }));
  return std::move(runner).Finish();
}

}  // namespace modbound
