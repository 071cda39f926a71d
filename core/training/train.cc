#include "core/training/train.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/checkpoint.h"
#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/base/saved_state.h"
#include "core/tasks/run_task.h"
#include "core/training/backprop.h"
#include "core/training/parameters.h"
#include "core/training/step_clock.h"
#include "core/training/streams.h"

namespace modbound {
namespace {

// Multiply-adds between two reports of progress: some tens of milliseconds.
constexpr double kReportWork = 1e9;

constexpr char kTrainingPhase[] = "training";

AdamOptions AdamOptionsOf(const TrainOptions& options) {
  AdamOptions adam;
  adam.learning_rate =
      options.learning_rate.value_or(SettingsOf(options.recipe).learning_rate);
  adam.beta1 = options.beta1;
  adam.beta2 = options.beta2;
  adam.epsilon = options.epsilon;
  return adam;
}

template <typename Scalar>
class Trainer {
 public:
  Trainer(const Task& task,
          const TrainOptions& options,
          const Execution& execution)
      : task_(task),
        options_(options),
        execution_(execution),
        clip_norm_(
            options.clip_norm.value_or(SettingsOf(options.recipe).clip_norm)),
        parameters_(InitialNetwork(options.recipe,
                                   options.units,
                                   task.inputs(),
                                   task.outputs(),
                                   options.dynamics,
                                   options.seed)),
        gradient_(options.units, task.inputs(), task.outputs()),
        adam_(AdamOptionsOf(options), parameters_.values().size()),
        backprop_(options.dynamics,
                  options.units,
                  task.outputs(),
                  options.seq_len,
                  options.batch_size),
        streams_(task, options.batch_size, options.seq_len, options.seed),
        clock_(options.seconds) {
    // The rounded numbers that training starts from.
    result_.initial = parameters_.ToNetwork(options.dynamics);
  }

  absl::StatusOr<TrainResult> Run() {
    LoadState();
    while (result_.steps < options_.max_steps) {
      clock_.Start();
      MODBOUND_RETURN_IF_ERROR(RunToNextEvaluation());
      clock_.Pause();
      MODBOUND_RETURN_IF_ERROR(Evaluate());
      const std::optional<double> accuracy = result_.accuracy.accuracy;
      if (accuracy.has_value() && *accuracy >= options_.target_accuracy) {
        result_.stop_reason = TrainStopReason::kTargetReached;
        break;
      }
      if (IsCheckpointDue()) {
        OfferState();
      }
    }
    Finish();
    return std::move(result_);
  }

 private:
  absl::Status RunToNextEvaluation() {
    const double step_work = 3.0 * static_cast<double>(options_.units) *
                             static_cast<double>(options_.units) *
                             static_cast<double>(options_.seq_len) *
                             static_cast<double>(options_.batch_size);
    const int64_t report_every =
        std::max<int64_t>(static_cast<int64_t>(kReportWork / step_work), 1);
    while (true) {
      MODBOUND_RETURN_IF_ERROR(StepOnce());
      if (result_.steps % report_every == 0) {
        Report();
      }
      if (result_.steps % options_.eval_every == 0 ||
          result_.steps >= options_.max_steps) {
        return absl::OkStatus();
      }
      if (IsCheckpointDue()) {
        clock_.Pause();
        OfferState();
        clock_.Start();
      }
    }
  }

  absl::Status StepOnce() {
    MODBOUND_RETURN_IF_ERROR(streams_.Fill(result_.steps, execution_, batch_));
    MODBOUND_ASSIGN_OR_RETURN(
        const double loss,
        backprop_.Run(parameters_, batch_, gradient_, execution_));
    if (!std::isfinite(loss)) {
      return DivergedError("the loss");
    }
    result_.loss.push_back(loss);
    if (std::isfinite(clip_norm_)) {
      ClipNorm<Scalar>(clip_norm_, gradient_.values());
    }
    adam_.Step(gradient_.values(), parameters_.values());
    ++result_.steps;
    return absl::OkStatus();
  }

  absl::Status Evaluate() {
    if (!parameters_.values().allFinite()) {
      return DivergedError("a weight");
    }
    TaskRunOptions run;
    run.trials = options_.eval_trials;
    run.seed = options_.seed;
    run.purpose = RandomPurpose::kEvaluationTrials;
    run.first_trial =
        static_cast<int64_t>(evaluations_.size()) * options_.eval_trials;
    run.record_steps = false;
    run.record_final_states = false;
    run.record_moments = true;
    // The steps of training are the progress, with the metrics of its own.
    absl::StatusOr<TaskRun> ran =
        RunTask(parameters_.ToNetwork(options_.dynamics),
                task_,
                run,
                WithoutProgress(execution_));
    if (!ran.ok()) {
      return ReasonOf(ran.status()) == reason::kDiverged
                 ? DivergedError("the activity")
                 : ran.status();
    }
    result_.accuracy = ScoreTrials(ran->trials, task_.has_coherences());
    result_.psychometric = Psychometric(ran->trials, task_.spec().coherences);
    result_.silent_units = ran->moments.SilentUnits();
    evaluations_.emplace_back(static_cast<double>(result_.steps),
                              result_.accuracy.accuracy.value_or(std::nan("")));
    Report();
    return absl::OkStatus();
  }

  // To be asked where training goes on with a step: not between one and its
  // evaluation.
  bool IsCheckpointDue() {
    return execution_.checkpoint != nullptr &&
           result_.steps < options_.max_steps &&
           StateBytes() <= execution_.checkpoint->max_bytes() &&
           execution_.checkpoint->Due();
  }

  // `streams_` and `backprop_` carry nothing from step to step.
  void OfferState() {
    StateWriter state;
    state.AddInt(result_.steps);
    state.AddInt(static_cast<int64_t>(evaluations_.size()));
    state.AddDouble(clock_.total());
    state.Add(result_.loss.data(), result_.steps);
    for (const auto& [step, accuracy] : evaluations_) {
      state.AddDouble(step);
      state.AddDouble(accuracy);
    }
    state.Add(parameters_.values().data(), parameters_.values().size());
    adam_.Save(state);
    execution_.checkpoint->Offer(execution_.Name(kTrainingPhase),
                                 result_.steps,
                                 std::move(state).Take());
  }

  int64_t StateBytes() {
    return 3 * parameters_.values().size() *
               static_cast<int64_t>(sizeof(Scalar)) +
           8 * (result_.steps + 2 * static_cast<int64_t>(evaluations_.size()));
  }

  // Goes on from the state of an earlier attempt; from the beginning when there
  // is none that fits.
  void LoadState() {
    if (execution_.checkpoint == nullptr) {
      return;
    }
    const std::string bytes =
        execution_.checkpoint->Last(execution_.Name(kTrainingPhase));
    StateReader state(bytes);
    int64_t steps = 0;
    int64_t evaluations = 0;
    double seconds = 0;
    if (!state.ReadInt(steps) || !state.ReadInt(evaluations) ||
        !state.ReadDouble(seconds) || steps < 1 ||
        steps >= options_.max_steps ||
        evaluations != steps / options_.eval_every) {
      return;
    }
    std::vector<double> loss(static_cast<std::size_t>(steps));
    std::vector<std::pair<double, double>> curve(
        static_cast<std::size_t>(evaluations));
    bool held = state.Read(loss.data(), steps);
    for (auto& [step, accuracy] : curve) {
      held = held && state.ReadDouble(step) && state.ReadDouble(accuracy);
    }
    Parameters<Scalar> parameters = parameters_;
    held = held &&
           state.Read(parameters.values().data(), parameters.values().size());
    if (!held || !adam_.Load(state)) {
      return;
    }
    parameters_ = std::move(parameters);
    result_.steps = steps;
    result_.loss = std::move(loss);
    evaluations_ = std::move(curve);
    if (!evaluations_.empty() && !std::isnan(evaluations_.back().second)) {
      result_.accuracy.accuracy = evaluations_.back().second;
    }
    clock_.Add(seconds);
    Report();
  }

  void Report() const {
    ProgressUpdate update;
    update.done = result_.steps;
    update.total = options_.max_steps;
    update.unit = "steps";
    update.phase = execution_.Name(kTrainingPhase);
    update.metrics["loss"] = result_.loss.back();
    if (result_.accuracy.accuracy.has_value()) {
      update.metrics["accuracy"] = *result_.accuracy.accuracy;
    }
    execution_.Report(update);
  }

  absl::Status DivergedError(const char* what) const {
    const std::string last =
        result_.loss.empty() ? "none" : absl::StrCat(result_.loss.back());
    return MakeError(absl::StatusCode::kAborted,
                     reason::kDiverged,
                     "",
                     absl::StrCat(what,
                                  " is no longer finite at step ",
                                  result_.steps,
                                  "; last finite loss: ",
                                  last));
  }

  void Finish() {
    result_.network = parameters_.ToNetwork(options_.dynamics);
    result_.accuracy_curve.resize(static_cast<int64_t>(evaluations_.size()), 2);
    for (std::size_t e = 0; e < evaluations_.size(); ++e) {
      result_.accuracy_curve.row(static_cast<int64_t>(e))
          << evaluations_[e].first,
          evaluations_[e].second;
    }
    if (clock_.total() > 0) {
      result_.steps_per_second =
          static_cast<double>(result_.steps) / clock_.total();
    }
  }

  const Task& task_;
  const TrainOptions& options_;
  const Execution& execution_;
  double clip_norm_;
  Parameters<Scalar> parameters_;
  Parameters<Scalar> gradient_;
  Adam<Scalar> adam_;
  Backprop<Scalar> backprop_;
  TrainingStreams streams_;
  Batch<Scalar> batch_;
  StepClock clock_;
  std::vector<std::pair<double, double>> evaluations_;  // step, accuracy
  TrainResult result_;
};

}  // namespace

absl::Status CheckTrainable(const Task& task) {
  const std::vector<double>& coherences = task.spec().coherences;
  const bool all_zero =
      task.has_coherences() &&
      std::all_of(coherences.begin(), coherences.end(), [](double coherence) {
        return coherence == 0;
      });
  return all_zero ? Refuse(reason::kOutOfRange,
                           "task.coherences",
                           "task.coherences holds only 0; training needs one "
                           "above 0")
                  : absl::OkStatus();
}

absl::StatusOr<TrainResult> Train(const Task& task,
                                  const TrainOptions& options,
                                  const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(options.dynamics.Validate());
  MODBOUND_RETURN_IF_ERROR(CheckTrainable(task));
  return options.precision == Precision::kFloat64
             ? Trainer<double>(task, options, execution).Run()
             : Trainer<float>(task, options, execution).Run();
}

double TrainBytes(const Task& task, const TrainOptions& options) {
  const double scalar = options.precision == Precision::kFloat64 ? 8 : 4;
  const auto N = static_cast<double>(options.units);
  const auto I = static_cast<double>(task.inputs());
  const auto O = static_cast<double>(task.outputs());
  const auto T = static_cast<double>(options.seq_len);
  const auto B = static_cast<double>(options.batch_size);
  const double parameters = N * (I + N + O + 2) + O;
  // Parameters, gradient, two moments; as doubles initial, final and under
  // evaluation; twice more for the output arrays and their copies.
  const double networks = parameters * (4 * scalar + 5 * 8);
  const auto backprop_bytes = options.precision == Precision::kFloat64
                                  ? Backprop<double>::Bytes
                                  : Backprop<float>::Bytes;
  const double buffers = backprop_bytes(options.units,
                                        task.inputs(),
                                        task.outputs(),
                                        options.seq_len,
                                        options.batch_size);
  const double batch = T * B * (I * scalar + 4);
  const double trials = B * static_cast<double>(task.steps()) * (16 * I + 4);
  const double losses = static_cast<double>(options.max_steps) * 2 * 8;
  return networks + buffers + batch + trials + losses +
         RunTaskBytes(task, options.units, options.eval_trials, false);
}

}  // namespace modbound
