#ifndef MODBOUND_CORE_TRAINING_CLASSIFIER_H_
#define MODBOUND_CORE_TRAINING_CLASSIFIER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/network/feedforward.h"
#include "core/training/optimizer.h"
#include "core/training/train.h"

namespace modbound {

// Samples of known classes.
struct LabelledSamples {
  Matrix features;              // S x features, finite, at least 1 x 1
  std::vector<int32_t> labels;  // S, in [0, classes)

  int64_t count() const { return features.rows(); }
  // name: "train", before the fields in errors. Errors: WRONG_SHAPE for
  // "train.features" (empty) or "train.labels" (not S); NOT_FINITE for
  // "train.features"; OUT_OF_RANGE for "train.labels".
  absl::Status Validate(const std::string& name, int64_t classes) const;
};

struct ClassifierOptions {
  int64_t classes = 10;                 // >= 2
  std::vector<int64_t> hidden = {100};  // units of each hidden layer, >= 1
  Activation activation = Activation::kRelu;
  double learning_rate = 0.001;  // of Adam; > 0
  int64_t batch_size = 64;  // >= 1; the last batch of an epoch may be smaller
  int64_t epochs = 10;      // >= 1
  uint64_t seed = 0;
  Precision precision = Precision::kFloat32;
  // Reads a clock, in seconds, for steps_per_second alone; may be empty.
  std::function<double()> seconds;

  // Errors: OUT_OF_RANGE for "classes", "hidden[i]", "learning_rate",
  // "batch_size", "epochs".
  absl::Status Validate() const;
};

struct TrainedClassifier {
  FeedforwardNetwork network;  // float32 training: every number is a float
  FeedforwardNetwork initial;  // before the first step
  std::vector<double> loss;    // of each step, before its update, nats
  // Fraction right of the held-out samples after each epoch; empty without such
  // samples.
  std::vector<double> accuracy;
  int64_t steps = 0;
  double steps_per_second = 0;  // of the step loop alone; 0 without a clock
};

// Trains a feed-forward classifier: mean cross-entropy of mini-batches, each
// epoch in a new order of the samples, by Adam (Kingma & Ba 2015). held_out:
// never trained on; may be empty.
// Random: weights and bias of layer l from (seed, kClassifierWeights, 2 l) and
// 2 l + 1, row by row; order of epoch e from (seed, kClassifierOrder, e).
// Threads: one, plus those of the accuracies; result independent of their
// number. Progress: steps. Errors: those of Validate ("train.", "held_out.");
// WRONG_SHAPE for "held_out.features" with other columns; kAborted DIVERGED
// when the loss or a weight is no longer finite; kCancelled.
absl::StatusOr<TrainedClassifier> TrainClassifier(
    const LabelledSamples& train,
    const LabelledSamples& held_out,
    const ClassifierOptions& options,
    const Execution& execution);

// Fraction of the samples whose class is their label. At least one sample.
// Errors: those of RunFeedforward.
absl::StatusOr<double> ClassifierAccuracy(const FeedforwardNetwork& network,
                                          const LabelledSamples& samples,
                                          const Execution& execution);

// Estimate of the bytes that TrainClassifier holds beside its samples, its
// result included.
double ClassifierBytes(int64_t features,
                       int64_t samples,
                       int64_t held_out,
                       const ClassifierOptions& options);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_CLASSIFIER_H_
