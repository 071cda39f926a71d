#include "core/training/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/checkpoint.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "core/base/saved_state.h"
#include "core/training/classifier_init.h"
#include "core/training/diverged.h"
#include "core/training/feedforward_backprop.h"
#include "core/training/feedforward_parameters.h"
#include "core/training/optimizer.h"
#include "core/training/step_clock.h"

namespace modbound {
namespace {

constexpr OptimizerOptions kAdam = {.name = OptimizerName::kAdam};

constexpr char kClassifierPhase[] = "training the classifier";
// Multiply-adds between two reports of progress.
constexpr double kClassifierReportWork = 1e9;

absl::Status RequireRange(const std::string& field,
                          double value,
                          bool in_range,
                          const char* allowed) {
  return in_range ? absl::OkStatus()
                  : Refuse(reason::kOutOfRange,
                           field,
                           absl::StrCat(
                               field, " is ", value, "; allowed: ", allowed));
}

absl::Status RequireAtLeast(const std::string& field,
                            int64_t value,
                            int64_t least) {
  return RequireRange(field,
                      static_cast<double>(value),
                      value >= least,
                      absl::StrCat(">= ", least).c_str());
}

double WeightsOf(int64_t features, const ClassifierOptions& options) {
  double weights = 0;
  int64_t sources = features;
  const auto add = [&](int64_t units) {
    weights += static_cast<double>(units) * static_cast<double>(sources + 1);
    sources = units;
  };
  std::for_each(options.hidden.begin(), options.hidden.end(), add);
  add(options.classes);
  return weights;
}

template <typename Scalar>
class ClassifierTrainer {
 public:
  ClassifierTrainer(const LabelledSamples& train,
                    const LabelledSamples& held_out,
                    const ClassifierOptions& options,
                    const Execution& execution)
      : train_(train),
        held_out_(held_out),
        options_(options),
        execution_(execution),
        features_(train.features.transpose().template cast<Scalar>()),
        parameters_(InitialClassifier(train.features.cols(), options)),
        gradient_(parameters_),
        optimizer_(MakeOptimizer<Scalar>(kAdam,
                                         parameters_.values().size(),
                                         {{0, parameters_.values().size()}})),
        backprop_(options.activation,
                  parameters_,
                  std::min(options.batch_size, train.count())),
        clock_(options.seconds) {
    // The rounded numbers that training starts from.
    result_.initial = parameters_.ToNetwork(options.activation);
    const int64_t batch = std::min(options.batch_size, train.count());
    epoch_steps_ = (train.count() + batch - 1) / batch;
    last_step_ = options.epochs * epoch_steps_;
    order_.resize(static_cast<std::size_t>(train.count()));
  }

  absl::StatusOr<TrainedClassifier> Run() {
    LoadState();
    Report();
    const double work = 3 * WeightsOf(train_.features.cols(), options_) *
                        static_cast<double>(backprop_.batch().cols());
    const auto report_every = std::max<int64_t>(
        static_cast<int64_t>(kClassifierReportWork / work), 1);
    while (result_.steps < last_step_) {
      if (execution_.stopped()) {
        return StoppedError();
      }
      clock_.Start();
      MODBOUND_RETURN_IF_ERROR(StepOnce());
      clock_.Pause();
      if (result_.steps % report_every == 0) {
        Report();
      }
      if (result_.steps % epoch_steps_ == 0) {
        MODBOUND_RETURN_IF_ERROR(Evaluate());
      }
      if (IsCheckpointDue()) {
        OfferState();
      }
    }
    result_.network = parameters_.ToNetwork(options_.activation);
    if (clock_.total() > 0) {
      result_.steps_per_second =
          static_cast<double>(result_.steps) / clock_.total();
    }
    return std::move(result_);
  }

 private:
  // Order of the samples in an epoch, a function of its number alone.
  void Shuffle(int64_t epoch) {
    std::iota(order_.begin(), order_.end(), int64_t{0});
    RandomStream random(options_.seed,
                        RandomPurpose::kClassifierOrder,
                        static_cast<uint64_t>(epoch));
    random.Shuffle(order_);
    shuffled_epoch_ = epoch;
  }

  void FillBatch() {
    const int64_t epoch = result_.steps / epoch_steps_;
    if (epoch != shuffled_epoch_) {
      Shuffle(epoch);
    }
    const int64_t batch = backprop_.batch().cols();
    const int64_t first = (result_.steps % epoch_steps_) * batch;
    const int64_t count = std::min(batch, train_.count() - first);
    labels_.resize(static_cast<std::size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t sample = order_[static_cast<std::size_t>(first + i)];
      backprop_.batch().col(i) = features_.col(sample);
      labels_[static_cast<std::size_t>(i)] =
          train_.labels[static_cast<std::size_t>(sample)];
    }
  }

  absl::Status StepOnce() {
    FillBatch();
    MODBOUND_ASSIGN_OR_RETURN(
        const double loss,
        backprop_.Run(parameters_, labels_, gradient_, execution_));
    if (!std::isfinite(loss)) {
      return DivergedError("the loss");
    }
    result_.loss.push_back(loss);
    optimizer_->Step(
        options_.learning_rate, gradient_.values(), parameters_.values());
    ++result_.steps;
    return absl::OkStatus();
  }

  absl::Status Evaluate() {
    if (!parameters_.values().allFinite()) {
      return DivergedError("a weight");
    }
    if (held_out_.count() > 0) {
      const absl::StatusOr<double> accuracy =
          ClassifierAccuracy(parameters_.ToNetwork(options_.activation),
                             held_out_,
                             WithoutProgress(execution_));
      if (!accuracy.ok()) {
        return ReasonOf(accuracy.status()) == reason::kDiverged
                   ? DivergedError("the activity")
                   : accuracy.status();
      }
      result_.accuracy.push_back(*accuracy);
    }
    Report();
    return absl::OkStatus();
  }

  int64_t Evaluations(int64_t steps) const {
    return held_out_.count() > 0 ? steps / epoch_steps_ : 0;
  }

  bool IsCheckpointDue() {
    return execution_.checkpoint != nullptr && result_.steps < last_step_ &&
           StateBytes() <= execution_.checkpoint->max_bytes() &&
           execution_.checkpoint->Due();
  }

  int64_t StateBytes() {
    return parameters_.values().size() * static_cast<int64_t>(sizeof(Scalar)) +
           optimizer_->StateBytes() +
           8 * (result_.steps + static_cast<int64_t>(result_.accuracy.size()) +
                2);
  }

  // `order_` and `backprop_` carry nothing from step to step.
  void OfferState() {
    StateWriter state;
    state.AddInt(result_.steps);
    state.AddDouble(clock_.total());
    state.Add(result_.loss.data(), result_.steps);
    state.Add(result_.accuracy.data(), Evaluations(result_.steps));
    state.Add(parameters_.values().data(), parameters_.values().size());
    optimizer_->Save(state);
    execution_.checkpoint->Offer(execution_.Name(kClassifierPhase),
                                 result_.steps,
                                 std::move(state).Take());
  }

  // Goes on from the state of an earlier attempt; from the beginning when there
  // is none that fits.
  void LoadState() {
    if (execution_.checkpoint == nullptr) {
      return;
    }
    const std::string bytes =
        execution_.checkpoint->Last(execution_.Name(kClassifierPhase));
    StateReader state(bytes);
    int64_t steps = 0;
    double seconds = 0;
    if (!state.ReadInt(steps) || !state.ReadDouble(seconds) || steps < 1 ||
        steps >= last_step_) {
      return;
    }
    const int64_t evaluations = Evaluations(steps);
    std::vector<double> loss(static_cast<std::size_t>(steps));
    std::vector<double> accuracy(static_cast<std::size_t>(evaluations));
    FeedforwardParameters<Scalar> parameters = parameters_;
    if (!state.Read(loss.data(), steps) ||
        !state.Read(accuracy.data(), evaluations) ||
        !state.Read(parameters.values().data(), parameters.values().size()) ||
        !optimizer_->Load(state)) {
      return;
    }
    parameters_ = std::move(parameters);
    result_.steps = steps;
    result_.loss = std::move(loss);
    result_.accuracy = std::move(accuracy);
    clock_.Add(seconds);
  }

  void Report() const {
    ProgressUpdate update;
    update.done = result_.steps;
    update.total = last_step_;
    update.unit = "steps";
    update.phase = execution_.Name(kClassifierPhase);
    if (!result_.loss.empty()) {
      update.metrics["loss"] = result_.loss.back();
    }
    if (!result_.accuracy.empty()) {
      update.metrics["accuracy"] = result_.accuracy.back();
    }
    execution_.Report(update);
  }

  absl::Status DivergedError(const char* what) const {
    return TrainingDiverged(what, result_.steps, result_.loss);
  }

  const LabelledSamples& train_;
  const LabelledSamples& held_out_;
  const ClassifierOptions& options_;
  const Execution& execution_;
  typename FeedforwardParameters<Scalar>::Dense features_;  // columns = samples
  FeedforwardParameters<Scalar> parameters_;
  FeedforwardParameters<Scalar> gradient_;
  std::unique_ptr<Optimizer<Scalar>> optimizer_;
  FeedforwardBackprop<Scalar> backprop_;
  StepClock clock_;
  int64_t epoch_steps_ = 1;
  int64_t last_step_ = 1;
  std::vector<int64_t> order_;
  int64_t shuffled_epoch_ = -1;
  std::vector<int32_t> labels_;  // of the batch
  TrainedClassifier result_;
};

}  // namespace

absl::Status LabelledSamples::Validate(const std::string& name,
                                       int64_t classes) const {
  const std::string rows = name + ".features";
  if (features.size() == 0) {
    return Refuse(reason::kWrongShape,
                  rows,
                  absl::StrCat(rows,
                               " is ",
                               features.rows(),
                               " x ",
                               features.cols(),
                               "; allowed: at least 1 x 1"));
  }
  const std::string field = name + ".labels";
  if (static_cast<int64_t>(labels.size()) != count()) {
    return Refuse(reason::kWrongShape,
                  field,
                  absl::StrCat(field,
                               " has ",
                               labels.size(),
                               " values for ",
                               count(),
                               " samples"));
  }
  for (std::size_t s = 0; s < labels.size(); ++s) {
    if (labels[s] < 0 || labels[s] >= classes) {
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(field,
                                 "[",
                                 s,
                                 "] is ",
                                 labels[s],
                                 "; allowed: 0 ... ",
                                 classes - 1));
    }
  }
  return CheckFinite(features, rows);
}

absl::Status ClassifierOptions::Validate() const {
  MODBOUND_RETURN_IF_ERROR(RequireAtLeast("classes", classes, 2));
  for (std::size_t l = 0; l < hidden.size(); ++l) {
    MODBOUND_RETURN_IF_ERROR(
        RequireAtLeast(absl::StrCat("hidden[", l, "]"), hidden[l], 1));
  }
  MODBOUND_RETURN_IF_ERROR(
      RequireRange("learning_rate",
                   learning_rate,
                   learning_rate > 0 && std::isfinite(learning_rate),
                   "> 0"));
  MODBOUND_RETURN_IF_ERROR(RequireAtLeast("batch_size", batch_size, 1));
  return RequireAtLeast("epochs", epochs, 1);
}

absl::StatusOr<TrainedClassifier> TrainClassifier(
    const LabelledSamples& train,
    const LabelledSamples& held_out,
    const ClassifierOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(options.Validate());
  MODBOUND_RETURN_IF_ERROR(train.Validate("train", options.classes));
  if (held_out.features.size() > 0 || !held_out.labels.empty()) {
    MODBOUND_RETURN_IF_ERROR(held_out.Validate("held_out", options.classes));
    if (held_out.features.cols() != train.features.cols()) {
      return Refuse(reason::kWrongShape,
                    "held_out.features",
                    absl::StrCat("held_out.features has ",
                                 held_out.features.cols(),
                                 " columns; train.features has ",
                                 train.features.cols()));
    }
  }
  return options.precision == Precision::kFloat64
             ? ClassifierTrainer<double>(train, held_out, options, execution)
                   .Run()
             : ClassifierTrainer<float>(train, held_out, options, execution)
                   .Run();
}

absl::StatusOr<double> ClassifierAccuracy(const FeedforwardNetwork& network,
                                          const LabelledSamples& samples,
                                          const Execution& execution) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<Matrix> states,
      RunFeedforward(network, samples.features, execution));
  const std::vector<int32_t> classes = ClassesOf(states.back());
  int64_t right = 0;
  for (std::size_t s = 0; s < classes.size(); ++s) {
    right += classes[s] == samples.labels[s] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(samples.count());
}

double ClassifierBytes(int64_t features,
                       int64_t samples,
                       int64_t held_out,
                       const ClassifierOptions& options) {
  const double scalar = options.precision == Precision::kFloat64 ? 8 : 4;
  double units = static_cast<double>(options.classes);
  for (const int64_t count : options.hidden) {
    units += static_cast<double>(count);
  }
  const auto S = static_cast<double>(samples);
  const auto F = static_cast<double>(features);
  const auto B = std::min(static_cast<double>(options.batch_size), S);
  const double steps = static_cast<double>(options.epochs) * std::ceil(S / B);
  const auto copies = static_cast<double>(2 + OptimizerStates(kAdam));
  // Parameters, gradient, what the optimiser carries; as doubles initial, final
  // and under evaluation. The samples as columns and their order; a batch with
  // states and gains; losses, which a vector may hold twice; states of the
  // held-out.
  return WeightsOf(features, options) * (copies * scalar + 3 * 8) +
         S * (F * scalar + 8) + B * scalar * (F + 2 * units) + 2 * 8 * steps +
         8 * static_cast<double>(held_out) * units;
}

}  // namespace modbound
