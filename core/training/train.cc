#include "core/training/train.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/checkpoint.h"
#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/base/saved_state.h"
#include "core/tasks/run_task.h"
#include "core/training/clip_norm.h"
#include "core/training/diverged.h"
#include "core/training/objective.h"
#include "core/training/optimizer.h"
#include "core/training/parameters.h"
#include "core/training/step_clock.h"
#include "core/training/streams.h"
#include "core/training/training_record.h"

namespace modbound {
namespace {

// Multiply-adds between two reports of progress: some tens of milliseconds.
constexpr double kReportWork = 1e9;

constexpr char kTrainingPhase[] = "training";

template <typename Scalar>
Parameters<Scalar> InitialParameters(const Task& task,
                                     const TrainOptions& options,
                                     const Trainable<Scalar>& trainable) {
  Parameters<Scalar> parameters(InitialNetwork(options.recipe,
                                               options.units,
                                               task.inputs(),
                                               task.outputs(),
                                               options.dynamics,
                                               options.seed,
                                               options.shared_initial));
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    if (options.initial[k].size() > 0) {
      parameters.array(k) = options.initial[k].cast<Scalar>();
    }
  }
  trainable.Mask(parameters);
  return parameters;
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
        learning_rate_(options.learning_rate.value_or(
            DefaultLearningRate(options.optimizer.name, options.recipe))),
        clip_norm_(
            options.clip_norm.value_or(SettingsOf(options.recipe).clip_norm)),
        gradient_(options.units, task.inputs(), task.outputs()),
        trainable_(options.masks, options.frozen, gradient_),
        parameters_(InitialParameters(task, options, trainable_)),
        last_good_(parameters_),
        optimizer_(MakeOptimizer<Scalar>(
            options.optimizer, parameters_.size(), trainable_.spans())),
        objective_(Backprop<Scalar>(options.dynamics,
                                    options.units,
                                    task.inputs(),
                                    task.outputs(),
                                    options.seq_len,
                                    options.batch_size,
                                    options.regularization.rates),
                   WeightPenalty<Scalar>(options.regularization, options.units),
                   trainable_),
        streams_(task, options.batch_size, options.seq_len, options.seed),
        clock_(options.seconds) {
    if (options.snapshot_every > 0) {
      TakeSnapshot();
    }
  }

  absl::StatusOr<TrainResult> Run() {
    ReleaseBuffers();
    LoadState();
    MakeRoom();
    const absl::Status trained = RunSteps();
    if (ReasonOf(trained) == reason::kDiverged) {
      GoBackToLastGood(trained);
    } else {
      MODBOUND_RETURN_IF_ERROR(trained);
    }
    Finish();
    return std::move(result_);
  }

 private:
  absl::Status RunSteps() {
    while (record_.steps < options_.max_steps) {
      MakeBuffers();
      clock_.Start();
      const absl::Status ran = RunToNextEvaluation();
      clock_.Pause();
      MODBOUND_RETURN_IF_ERROR(ran);
      ReleaseBuffers();
      MODBOUND_RETURN_IF_ERROR(Evaluate());
      const std::optional<double> accuracy = result_.accuracy.accuracy;
      if (accuracy.has_value() && *accuracy >= options_.target_accuracy) {
        result_.stop_reason = TrainStopReason::kTargetReached;
        break;
      }
      // At max_steps training ends anyway.
      if (record_.steps < options_.max_steps &&
          HasStalled(record_, options_.patience)) {
        result_.stop_reason = TrainStopReason::kEarlyStop;
        break;
      }
      if (IsCheckpointDue()) {
        OfferState();
      }
    }
    return absl::OkStatus();
  }

  // What is of the weights that diverged is left out, as is what a checkpoint
  // does not carry: what is kept is the same wherever training went on.
  void GoBackToLastGood(const absl::Status& failure) {
    ReleaseBuffers();
    result_.failure = failure;
    result_.stop_reason = TrainStopReason::kDiverged;
    result_.accuracy = {};
    result_.psychometric = Matrix(0, 3);
    result_.silent_units = 0;
    if (!record_.evaluations.empty() &&
        record_.evaluations.back().step == record_.steps) {
      record_.evaluations.pop_back();
    }
    if (!record_.evaluations.empty()) {
      SetAccuracy(record_.evaluations.back());
    }
    parameters_ = std::move(last_good_);
    if (options_.snapshot_every > 0 && record_.steps > 0 &&
        record_.snapshots.steps.back() == record_.steps) {
      RemoveLastSnapshot(record_.snapshots);
    }
  }

  void SetAccuracy(const Evaluation& evaluation) {
    if (!std::isnan(evaluation.accuracy)) {
      result_.accuracy.accuracy = evaluation.accuracy;
    }
  }

  // An evaluation, and the result, have the network as doubles, and a
  // checkpoint has all that is carried once more: in the room of what steps
  // alone need.
  void ReleaseBuffers() {
    objective_.ReleaseBuffers();
    gradient_ = Parameters<Scalar>(0, 0, 0);
  }
  void MakeBuffers() {
    objective_.MakeBuffers();
    gradient_ =
        Parameters<Scalar>(options_.units, task_.inputs(), task_.outputs());
  }

  absl::Status RunToNextEvaluation() {
    const double step_work = 3.0 * static_cast<double>(options_.units) *
                             static_cast<double>(options_.units) *
                             static_cast<double>(options_.seq_len) *
                             static_cast<double>(options_.batch_size);
    const int64_t report_every =
        std::max<int64_t>(static_cast<int64_t>(kReportWork / step_work), 1);
    while (true) {
      MODBOUND_RETURN_IF_ERROR(StepOnce());
      if (record_.steps % report_every == 0) {
        Report();
      }
      if (record_.steps % options_.eval_every == 0 ||
          record_.steps >= options_.max_steps) {
        return absl::OkStatus();
      }
      if (IsCheckpointDue()) {
        clock_.Pause();
        ReleaseBuffers();
        OfferState();
        MakeBuffers();
        clock_.Start();
      }
    }
  }

  double LearningRateAt(int64_t step) const {
    return learning_rate_ * LearningRateFactor(options_.schedule, step);
  }

  absl::Status StepOnce() {
    MODBOUND_RETURN_IF_ERROR(streams_.Fill(record_.steps, execution_, batch_));
    MODBOUND_ASSIGN_OR_RETURN(
        const ObjectiveValue value,
        objective_.Run(parameters_, batch_, gradient_, execution_));
    if (!std::isfinite(value.loss)) {
      return DivergedError("the loss");
    }
    if (!std::isfinite(value.penalty)) {
      return DivergedError("the penalty");
    }
    record_.loss.push_back(value.loss);
    if (options_.regularization.any()) {
      record_.penalty.push_back(value.penalty);
    }
    if (std::isfinite(clip_norm_)) {
      ClipNorm<Scalar>(clip_norm_, gradient_.values());
    }
    last_good_.values() = parameters_.values();
    optimizer_->Step(LearningRateAt(record_.steps),
                     gradient_.values(),
                     parameters_.values());
    ++record_.steps;
    if (options_.snapshot_every > 0 &&
        record_.steps % options_.snapshot_every == 0) {
      TakeSnapshot();
    }
    return absl::OkStatus();
  }

  void TakeSnapshot() {
    AddSnapshot(record_.steps, parameters_, record_.snapshots);
  }

  // Room for all that there will be, so that none is moved.
  void MakeRoom() {
    record_.loss.reserve(static_cast<std::size_t>(options_.max_steps));
    record_.evaluations.reserve(static_cast<std::size_t>(
        EvaluationCount(options_.eval_every, options_.max_steps)));
    if (options_.regularization.any()) {
      record_.penalty.reserve(static_cast<std::size_t>(options_.max_steps));
    }
    if (options_.snapshot_every > 0) {
      ReserveSnapshots(
          SnapshotCount(options_.snapshot_every, options_.max_steps),
          parameters_,
          record_.snapshots);
    }
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
        static_cast<int64_t>(record_.evaluations.size()) * options_.eval_trials;
    run.record_steps = false;
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
    result_.accuracy = ScoreTrials(ran->trials);
    result_.psychometric = PsychometricOfTasks(task_, ran->trials);
    result_.silent_units = ran->moments.SilentUnits();
    AddEvaluation(
        {record_.steps, result_.accuracy.accuracy.value_or(std::nan(""))},
        record_);
    Report();
    return absl::OkStatus();
  }

  // To be asked where training goes on with a step: not between one and its
  // evaluation.
  bool IsCheckpointDue() {
    return execution_.checkpoint != nullptr &&
           record_.steps < options_.max_steps &&
           StateBytes() <= execution_.checkpoint->max_bytes() &&
           execution_.checkpoint->Due();
  }

  // `streams_` and `objective_` carry nothing from step to step.
  void OfferState() {
    record_.seconds = clock_.total();
    StateWriter state;
    state.Reserve(StateBytes());
    SaveRecord(record_, state);
    state.Add(parameters_.values().data(), parameters_.size());
    state.Add(last_good_.values().data(), last_good_.size());
    optimizer_->Save(state);
    execution_.checkpoint->Offer(execution_.Name(kTrainingPhase),
                                 record_.steps,
                                 std::move(state).Take());
  }

  // Of a state, without the record.
  int64_t CarriedBytes() const {
    return (parameters_.size() + last_good_.size()) *
               static_cast<int64_t>(sizeof(Scalar)) +
           optimizer_->StateBytes();
  }

  // In room for less a state would be moved as it grows.
  int64_t StateBytes() const { return RecordBytes(record_) + CarriedBytes(); }

  // Goes on from the state of an earlier attempt; from the beginning when there
  // is none that fits.
  void LoadState() {
    // The bytes are gone before room is made for what is to come.
    if (execution_.checkpoint == nullptr ||
        !ReadState(
            execution_.checkpoint->Last(execution_.Name(kTrainingPhase)))) {
      return;
    }
    if (!record_.evaluations.empty()) {
      SetAccuracy(record_.evaluations.back());
    }
    clock_.Add(record_.seconds);
    Report();
  }

  // False, and nothing changed, when `bytes` are no state of this training.
  bool ReadState(const std::string& bytes) {
    StateReader state(bytes);
    TrainingRecord record;
    record.snapshots = record_.snapshots;
    if (!LoadRecord(options_, state, record) ||
        state.left() != CarriedBytes()) {
      return false;
    }
    record_ = std::move(record);
    return state.Read(parameters_.values().data(), parameters_.size()) &&
           state.Read(last_good_.values().data(), last_good_.size()) &&
           optimizer_->Load(state);
  }

  void Report() const {
    ProgressUpdate update;
    update.done = record_.steps;
    update.total = options_.max_steps;
    update.unit = "steps";
    update.phase = execution_.Name(kTrainingPhase);
    update.metrics["loss"] = record_.loss.back();
    update.metrics["learning_rate"] = LearningRateAt(record_.steps - 1);
    if (!record_.penalty.empty()) {
      update.metrics["penalty"] = record_.penalty.back();
    }
    if (!record_.snapshots.steps.empty()) {
      update.metrics["snapshots"] =
          static_cast<double>(record_.snapshots.steps.size());
    }
    if (result_.accuracy.accuracy.has_value()) {
      update.metrics["accuracy"] = *result_.accuracy.accuracy;
    }
    AddPsychometric(update.metrics);
    execution_.Report(update);
  }

  // The points of the last evaluation's curves, named by coherence; with
  // several tasks, by task too.
  void AddPsychometric(std::map<std::string, double>& metrics) const {
    const Matrix& curves = result_.psychometric;
    int64_t row = 0;
    for (int64_t i = 0; row < curves.rows(); ++i) {
      const std::string curve = task_.tasks() == 1
                                    ? "psychometric/"
                                    : absl::StrCat("psychometric/", i, "/");
      const int64_t end = row + PsychometricRows(task_, i);
      for (; row < end; ++row) {
        // A condition that had no trials has no fraction.
        if (curves(row, 2) > 0) {
          metrics[absl::StrCat(curve, curves(row, 0))] = curves(row, 1);
        }
      }
    }
  }

  absl::Status DivergedError(const char* what) const {
    return TrainingDiverged(what, record_.steps, record_.loss);
  }

  void Finish() {
    optimizer_.reset();
    last_good_ = Parameters<Scalar>(0, 0, 0);
    if (result_.failure.ok() && !record_.snapshots.steps.empty() &&
        record_.snapshots.steps.back() != record_.steps) {
      TakeSnapshot();
    }
    result_.network = parameters_.ToNetwork(options_.dynamics);
    parameters_ = Parameters<Scalar>(0, 0, 0);
    // The rounded numbers that training started from.
    parameters_ = InitialParameters(task_, options_, trainable_);
    result_.initial = parameters_.ToNetwork(options_.dynamics);
    result_.steps = record_.steps;
    result_.loss = std::move(record_.loss);
    result_.penalty = std::move(record_.penalty);
    result_.snapshots = std::move(record_.snapshots);
    result_.accuracy_curve.resize(
        static_cast<int64_t>(record_.evaluations.size()), 2);
    for (std::size_t e = 0; e < record_.evaluations.size(); ++e) {
      result_.accuracy_curve.row(static_cast<int64_t>(e))
          << static_cast<double>(record_.evaluations[e].step),
          record_.evaluations[e].accuracy;
    }
    if (clock_.total() > 0) {
      result_.steps_per_second =
          static_cast<double>(result_.steps) / clock_.total();
    }
  }

  const Task& task_;
  const TrainOptions& options_;
  const Execution& execution_;
  double learning_rate_;
  double clip_norm_;
  Parameters<Scalar> gradient_;
  Trainable<Scalar> trainable_;
  Parameters<Scalar> parameters_;
  // Those that the last finite loss was measured with.
  Parameters<Scalar> last_good_;
  std::unique_ptr<Optimizer<Scalar>> optimizer_;
  Objective<Scalar> objective_;
  TrainingStreams streams_;
  Batch<Scalar> batch_;
  StepClock clock_;
  TrainingRecord record_;
  TrainResult result_;
};

}  // namespace

absl::StatusOr<TrainResult> Train(const Task& task,
                                  const TrainOptions& options,
                                  const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckTrainOptions(task, options));
  return options.precision == Precision::kFloat64
             ? Trainer<double>(task, options, execution).Run()
             : Trainer<float>(task, options, execution).Run();
}

}  // namespace modbound
