#include "core/training/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/training/classifier_init.h"
#include "gtest/gtest.h"
#include "support/digits.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

// Two arcs that face each other, which no line separates. Class = s % 2.
LabelledSamples TwoMoons(int64_t count, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kTrainingTrials, 0);
  LabelledSamples samples;
  samples.features.resize(count, 2);
  for (int64_t s = 0; s < count; ++s) {
    const double angle = random.Uniform(0, std::acos(-1.0));
    const double side = s % 2 == 0 ? 1 : -1;
    samples.features.row(s)
        << side * std::cos(angle) + (side < 0 ? 1 : 0) + 0.05 * random.Normal(),
        side * std::sin(angle) + (side < 0 ? 0.4 : 0) + 0.05 * random.Normal();
    samples.labels.push_back(static_cast<int32_t>(s % 2));
  }
  return samples;
}

ClassifierOptions MoonOptions() {
  ClassifierOptions options;
  options.classes = 2;
  options.hidden = {16, 16};
  options.batch_size = 20;
  options.epochs = 60;
  options.learning_rate = 0.01;
  options.seed = 1;
  return options;
}

TEST(TrainClassifier, SeparatesTwoMoonsWithEveryActivation) {
  const LabelledSamples train = TwoMoons(200, 1);
  const LabelledSamples held_out = TwoMoons(100, 2);
  for (const Activation activation : {Activation::kRelu,
                                      Activation::kTanh,
                                      Activation::kSigmoid,
                                      Activation::kSoftplus}) {
    ClassifierOptions options = MoonOptions();
    options.activation = activation;
    options.hidden = {32};
    options.epochs = 300;
    options.learning_rate = 0.03;
    const auto trained = TrainClassifier(train, held_out, options, {});
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_EQ(trained->accuracy.back(), 1) << static_cast<int>(activation);
    EXPECT_LT(trained->loss.back(), 0.1);
  }
}

TEST(TrainClassifier, WithoutHiddenLayerSeparatesWhatALineDoes) {
  LabelledSamples samples = TwoMoons(100, 1);
  for (int64_t s = 0; s < 100; ++s) {
    samples.features(s, 0) += s % 2 == 0 ? 5 : -5;
  }
  ClassifierOptions options = MoonOptions();
  options.hidden = {};
  const auto trained = TrainClassifier(samples, samples, options, {});
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_EQ(trained->accuracy.back(), 1);
  EXPECT_EQ(trained->network.layers.size(), 1u);
}

TEST(TrainClassifier, CountsStepsAndEpochs) {
  ClassifierOptions options = MoonOptions();
  options.epochs = 3;
  options.batch_size = 30;  // 30, 30, 30, 10
  ProgressLog log;
  const auto trained =
      TrainClassifier(TwoMoons(100, 1), TwoMoons(50, 2), options, log.Watch(1));
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_EQ(trained->steps, 12);
  EXPECT_EQ(trained->loss.size(), 12u);
  EXPECT_EQ(trained->accuracy.size(), 3u);
  EXPECT_EQ(trained->steps_per_second, 0);
  EXPECT_EQ(log.Ends().back(), "training the classifier: 12 of 12 steps");
  // Before the first update the loss is that of the initial network.
  EXPECT_NEAR(trained->loss[0], std::log(2.0), 0.2);
  const auto alone = TrainClassifier(TwoMoons(100, 1), {}, options, {});
  ASSERT_TRUE(alone.ok());
  EXPECT_TRUE(alone->accuracy.empty());
  EXPECT_EQ(alone->loss, trained->loss);
}

TEST(TrainClassifier, EveryEpochTakesEverySampleOnceInANewOrder) {
  // One sample a step and a rate of nearly nothing: the losses of
  // an epoch are those of the samples under the initial weights.
  ClassifierOptions options = MoonOptions();
  options.precision = Precision::kFloat64;
  options.batch_size = 1;
  options.epochs = 2;
  options.learning_rate = 1e-300;
  const auto trained = TrainClassifier(TwoMoons(30, 1), {}, options, {});
  ASSERT_TRUE(trained.ok());
  std::vector<double> first(trained->loss.begin(), trained->loss.begin() + 30);
  std::vector<double> second(trained->loss.begin() + 30, trained->loss.end());
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::adjacent_find(first.begin(), first.end()), first.end());
}

TEST(InitialClassifier, HasTheSpreadOfItsInputs) {
  ClassifierOptions options;
  options.hidden = {200};
  const FeedforwardNetwork network = InitialClassifier(300, options);
  // 60,000 values: sd within 1%, four standard errors.
  const auto sd = [](const Matrix& values) {
    return std::sqrt(values.array().square().mean());
  };
  EXPECT_NEAR(sd(network.layers[0].weights) * std::sqrt(3 * 300.0), 1, 0.012);
  EXPECT_LE(network.layers[0].weights.cwiseAbs().maxCoeff(),
            1 / std::sqrt(300.0));
  EXPECT_GT(network.layers[0].bias.cwiseAbs().maxCoeff(), 0.05);
  EXPECT_EQ(network.layers[1].weights.rows(), 10);
  EXPECT_EQ(network.layers[1].weights.cols(), 200);
}

absl::StatusOr<std::string> TrainedBytes(Precision precision,
                                         const Execution& execution) {
  ClassifierOptions options = MoonOptions();
  options.epochs = 4;
  options.precision = precision;
  MODBOUND_ASSIGN_OR_RETURN(
      const TrainedClassifier trained,
      TrainClassifier(TwoMoons(100, 1), TwoMoons(70, 2), options, execution));
  std::string bytes;
  for (const FeedforwardNetwork* network :
       {&trained.network, &trained.initial}) {
    for (const FeedforwardNetwork::Layer& layer : network->layers) {
      AppendBytes(layer.weights, bytes);
      AppendBytes(layer.bias, bytes);
    }
  }
  AppendBytes(trained.loss.data(), trained.steps, bytes);
  AppendBytes(trained.accuracy.data(),
              static_cast<int64_t>(trained.accuracy.size()),
              bytes);
  return bytes;
}

TEST(TrainClassifier, GoesOnFromACheckpoint) {
  for (const Precision precision : {Precision::kFloat32, Precision::kFloat64}) {
    // 20 steps; one before the last.
    ExpectGoesOn(
        [&](const Execution& execution) {
          return TrainedBytes(precision, execution);
        },
        19);
  }
}

TEST(TrainClassifier, SameBytesAtAnyThreadCount) {
  Execution four;
  four.threads = 4;
  const auto one = TrainedBytes(Precision::kFloat32, {});
  const auto same = TrainedBytes(Precision::kFloat32, four);
  ASSERT_TRUE(one.ok() && same.ok());
  EXPECT_TRUE(*one == *same);
}

TEST(TrainClassifier, FloatsAreHeldExactly) {
  ClassifierOptions options = MoonOptions();
  options.epochs = 1;
  const auto trained = TrainClassifier(TwoMoons(100, 1), {}, options, {});
  ASSERT_TRUE(trained.ok());
  for (const FeedforwardNetwork* network :
       {&trained->network, &trained->initial}) {
    const Matrix& weights = network->layers[0].weights;
    EXPECT_EQ(weights.cast<float>().cast<double>(), weights);
  }
  EXPECT_NE(trained->network.layers[0].weights,
            trained->initial.layers[0].weights);
}

TEST(TrainClassifier, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(
      ReasonOf(TrainClassifier(TwoMoons(100, 1), {}, MoonOptions(), execution)
                   .status()),
      reason::kCancelled);
}

// The only step of a training that asks once before it.
TEST(TrainClassifier, StopsInsideItsOnlyStep) {
  LabelledSamples samples;
  samples.features = Matrix::Zero(1500, 1500);
  samples.labels.assign(1500, 0);
  ClassifierOptions options;
  options.classes = 2;
  options.hidden = {1500};
  options.batch_size = 1500;
  options.epochs = 1;
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  std::thread asker([&] {
    while (!stop.TakeAsked()) {
      std::this_thread::yield();
    }
    stop.Stop();
  });
  const auto trained = TrainClassifier(samples, {}, options, execution);
  asker.join();
  EXPECT_EQ(ReasonOf(trained.status()), reason::kCancelled);
}

TEST(TrainClassifier, ReportsALossThatIsNoLongerFinite) {
  LabelledSamples samples = TwoMoons(100, 1);
  samples.features *= 1e30;
  ClassifierOptions options = MoonOptions();
  options.activation = Activation::kLinear;
  options.learning_rate = 1e10;
  const absl::Status status =
      TrainClassifier(samples, {}, options, {}).status();
  EXPECT_EQ(ReasonOf(status), reason::kDiverged);
  EXPECT_NE(status.message().find("at step"), absl::string_view::npos);
}

TEST(TrainClassifier, NamesWhatItRefuses) {
  struct Refusal {
    std::function<void(LabelledSamples&, LabelledSamples&, ClassifierOptions&)>
        spoil;
    std::string reason;
    std::string field;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Refusal refusals[] = {
      {[](auto& train, auto&, auto&) { train.labels[3] = 2; },
       reason::kOutOfRange,
       "train.labels"},
      {[](auto&, auto& held, auto&) { held.labels[0] = -1; },
       reason::kOutOfRange,
       "held_out.labels"},
      {[](auto& train, auto&, auto&) { train.labels.pop_back(); },
       reason::kWrongShape,
       "train.labels"},
      {[](auto& train, auto&, auto&) { train = {}; },
       reason::kWrongShape,
       "train.features"},
      {[&](auto& train, auto&, auto&) { train.features(2, 1) = nan; },
       reason::kNotFinite,
       "train.features"},
      {[](auto&, auto& held, auto&) { held.features = Matrix::Ones(50, 3); },
       reason::kWrongShape,
       "held_out.features"},
      {[](auto&, auto&, auto& o) { o.classes = 1; },
       reason::kOutOfRange,
       "classes"},
      {[](auto&, auto&, auto& o) { o.hidden[1] = 0; },
       reason::kOutOfRange,
       "hidden[1]"},
      {[&](auto&, auto&, auto& o) { o.learning_rate = nan; },
       reason::kOutOfRange,
       "learning_rate"},
      {[](auto&, auto&, auto& o) { o.batch_size = 0; },
       reason::kOutOfRange,
       "batch_size"},
      {[](auto&, auto&, auto& o) { o.epochs = 0; },
       reason::kOutOfRange,
       "epochs"}};
  for (const Refusal& refusal : refusals) {
    LabelledSamples train = TwoMoons(100, 1);
    LabelledSamples held_out = TwoMoons(50, 2);
    ClassifierOptions options = MoonOptions();
    refusal.spoil(train, held_out, options);
    const absl::Status status =
        TrainClassifier(train, held_out, options, {}).status();
    EXPECT_EQ(ReasonOf(status), refusal.reason) << refusal.field;
    EXPECT_EQ(FieldOf(status), refusal.field) << status;
  }
}

TEST(TrainClassifier, LearnsHandwrittenDigits) {
  if (!HasDigits()) {
    GTEST_SKIP() << "no " << DigitsFolder() << ": digits are not learnt";
  }
  const LabelledSamples digits = LoadDigits();
  ASSERT_EQ(digits.count(), 4999);
  // Classes are mixed in the file: the last 999 are held out.
  LabelledSamples train;
  train.features = digits.features.topRows(4000);
  train.labels.assign(digits.labels.begin(), digits.labels.begin() + 4000);
  LabelledSamples held_out;
  held_out.features = digits.features.bottomRows(999);
  held_out.labels.assign(digits.labels.begin() + 4000, digits.labels.end());
  ClassifierOptions options;
  options.epochs = 15;
  options.seed = 1;
  const auto trained = TrainClassifier(train, held_out, options, {});
  ASSERT_TRUE(trained.ok()) << trained.status();
  RecordProperty("accuracy", std::to_string(trained->accuracy.back()));
  // 4,000 digits teach a network of one layer some 94%; sd of 999 samples .8%.
  EXPECT_GT(trained->accuracy.back(), 0.92);
  EXPECT_LT(trained->loss.back(), 0.2);
}

}  // namespace
}  // namespace modbound
