#include "core/training/feedforward_backprop.h"

#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/training/classifier_init.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

constexpr int64_t kFeatures = 5;
constexpr int64_t kClasses = 4;
constexpr int64_t kBatch = 7;

// Networks of 0 to 3 hidden layers of unequal sizes.
ClassifierOptions OptionsOf(Activation activation, std::size_t hidden_layers) {
  ClassifierOptions options;
  options.classes = kClasses;
  options.activation = activation;
  options.hidden = {6, 3, 8};
  options.hidden.resize(hidden_layers);
  options.seed = 3;
  return options;
}

std::vector<int32_t> Labels7() { return {3, 0, 1, 1, 2, 0, 3}; }

template <typename Scalar>
void FillFeatures(FeedforwardBackprop<Scalar>& backprop) {
  backprop.batch() = RandomMatrix(kFeatures, kBatch, 8).cast<Scalar>();
}

class ClassifierGradient
    : public testing::TestWithParam<std::tuple<Activation, int>> {};

TEST_P(ClassifierGradient, IsTheFiniteDifference) {
  // Central difference, h = 1e-6: truncation h^2 |f'''| and rounding eps / h
  // are both below 1e-9.
  const auto [activation, hidden] = GetParam();
  const ClassifierOptions options =
      OptionsOf(activation, static_cast<std::size_t>(hidden));
  FeedforwardParameters<double> parameters(
      InitialClassifier(kFeatures, options));
  FeedforwardParameters<double> gradient = parameters;
  FeedforwardParameters<double> unused = parameters;
  FeedforwardBackprop<double> backprop(activation, parameters, kBatch);
  FillFeatures(backprop);
  ASSERT_TRUE(backprop.Run(parameters, Labels7(), gradient, {}).ok());
  for (std::size_t l = 0; l < parameters.layers(); ++l) {
    EXPECT_GT(gradient.weights(l).norm(), 1e-5) << l;
  }
  const double h = 1e-6;
  for (int64_t i = 0; i < parameters.values().size(); ++i) {
    double& value = parameters.values()(i);
    const double before = value;
    value = before + h;
    const double above = *backprop.Run(parameters, Labels7(), unused, {});
    value = before - h;
    const double below = *backprop.Run(parameters, Labels7(), unused, {});
    value = before;
    // In the gaps between arrays gradient and difference are 0.
    const bool gap = above == below && gradient.values()(i) == value;
    EXPECT_TRUE(gap || std::abs(gradient.values()(i) -
                                (above - below) / (2 * h)) < 2e-9)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Layers,
                         ClassifierGradient,
                         testing::Combine(testing::Values(Activation::kRelu,
                                                          Activation::kTanh,
                                                          Activation::kSigmoid,
                                                          Activation::kSoftplus,
                                                          Activation::kLinear),
                                          testing::Values(0, 1, 2, 3)));

// Worked by hand: no hidden layer, one feature x = 2, weights 0, so that y = 0
// and every class has 1/4: loss log 4, e = 1/4 but -3/4 for the label's class,
// dW = 2 e, db = e.
TEST(FeedforwardBackprop, OfUndecidedClasses) {
  FeedforwardParameters<double> parameters({1, 4});
  FeedforwardParameters<double> gradient({1, 4});
  FeedforwardBackprop<double> backprop(Activation::kRelu, parameters, 1);
  backprop.batch()(0, 0) = 2;
  EXPECT_DOUBLE_EQ(*backprop.Run(parameters, {2}, gradient, {}), std::log(4.0));
  const Eigen::Vector4d error(0.25, 0.25, -0.75, 0.25);
  EXPECT_EQ(Vector(gradient.bias(0)), Vector(error));
  EXPECT_EQ(Vector(gradient.weights(0).col(0)), Vector(2 * error));
}

TEST(FeedforwardBackprop, ALossOfHugeOutputsIsFinite) {
  FeedforwardParameters<float> parameters({1, 2});
  FeedforwardParameters<float> gradient({1, 2});
  parameters.weights(0)(0, 0) = 1e30F;
  FeedforwardBackprop<float> backprop(Activation::kRelu, parameters, 1);
  backprop.batch()(0, 0) = 1;
  EXPECT_EQ(*backprop.Run(parameters, {0}, gradient, {}), 0);
  EXPECT_NEAR(*backprop.Run(parameters, {1}, gradient, {}), 1e30, 1e24);
}

TEST(FeedforwardBackprop, AShorterBatchSeesNothingOfALongerOne) {
  const ClassifierOptions options = OptionsOf(Activation::kTanh, 2);
  FeedforwardParameters<double> parameters(
      InitialClassifier(kFeatures, options));
  FeedforwardParameters<double> fresh = parameters;
  FeedforwardParameters<double> used = parameters;
  FeedforwardBackprop<double> first(options.activation, parameters, kBatch);
  FillFeatures(first);
  const double loss = *first.Run(parameters, {3, 0, 1}, fresh, {});
  FeedforwardBackprop<double> second(options.activation, parameters, kBatch);
  FillFeatures(second);
  second.batch() *= -2;
  ASSERT_TRUE(second.Run(parameters, Labels7(), used, {}).ok());
  FillFeatures(second);
  EXPECT_EQ(*second.Run(parameters, {3, 0, 1}, used, {}), loss);
  EXPECT_EQ(fresh.values(), used.values());
}

TEST(FeedforwardBackprop, FloatsAgreeWithDoubles) {
  const ClassifierOptions options = OptionsOf(Activation::kSoftplus, 3);
  const FeedforwardNetwork network = InitialClassifier(kFeatures, options);
  FeedforwardParameters<double> parameters(network);
  FeedforwardParameters<double> gradient = parameters;
  FeedforwardParameters<float> float_parameters(network);
  FeedforwardParameters<float> float_gradient = float_parameters;
  FeedforwardBackprop<double> in_double(options.activation, parameters, kBatch);
  FeedforwardBackprop<float> in_float(
      options.activation, float_parameters, kBatch);
  FillFeatures(in_double);
  FillFeatures(in_float);
  const double loss = *in_double.Run(parameters, Labels7(), gradient, {});
  EXPECT_NEAR(*in_float.Run(float_parameters, Labels7(), float_gradient, {}),
              loss,
              1e-5 * loss);
  const FeedforwardNetwork a = gradient.ToNetwork(options.activation);
  const FeedforwardNetwork b = float_gradient.ToNetwork(options.activation);
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    ExpectClose(
        b.layers[l].weights, a.layers[l].weights, 1e-3, 1e-6, "weights");
  }
}

// A product larger than a piece of work is left in its middle: the stop comes
// when the first piece has asked for it.
TEST(FeedforwardBackprop, StopsInsideAStep) {
  constexpr int64_t kLarge = 1500;
  FeedforwardParameters<float> parameters({kLarge, kLarge, kClasses});
  FeedforwardParameters<float> gradient = parameters;
  FeedforwardBackprop<float> backprop(Activation::kRelu, parameters, kLarge);
  const std::vector<int32_t> labels(kLarge, 0);
  ASSERT_TRUE(backprop.Run(parameters, labels, gradient, {}).ok());
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  std::atomic<bool> ended{false};
  std::thread asker([&] {
    while (!stop.TakeAsked() && !ended) {
      std::this_thread::yield();
    }
    stop.Stop();
  });
  const auto loss = backprop.Run(parameters, labels, gradient, execution);
  ended = true;
  asker.join();
  EXPECT_EQ(ReasonOf(loss.status()), reason::kCancelled);
}

}  // namespace
}  // namespace modbound
