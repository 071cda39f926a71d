#include "core/training/backprop.h"

#include <cmath>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/training/recipe.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"

namespace modbound {
namespace {

constexpr const char* kArrays[] = {
    "w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"};

Matrix ArrayOf(const Network& network, const std::string& name) {
  const std::map<std::string, Matrix> arrays = {{"w_in", network.w_in},
                                                {"b_in", network.b_in},
                                                {"w_rec", network.w_rec},
                                                {"b_rec", network.b_rec},
                                                {"w_out", network.w_out},
                                                {"b_out", network.b_out}};
  return arrays.at(name);
}

Batch<double> GoldenBatch(const std::string& golden, bool masked) {
  Batch<double> batch;
  batch.inputs = LoadGolden(golden, "inputs").ToMatrix().transpose();
  for (const double target : LoadGolden(golden, "targets").values) {
    batch.targets.push_back(static_cast<int32_t>(target));
  }
  if (masked) {
    batch.weights = LoadGolden(golden, "mask").values;
  }
  return batch;
}

class GoldenGradient : public testing::TestWithParam<const char*> {};

TEST_P(GoldenGradient, OfEveryVariant) {
  const std::string golden = GetParam();
  const Network network = GoldenNetwork(golden);
  const std::vector<int64_t> shape = LoadGolden(golden, "inputs").shape;
  Parameters<double> parameters(network);
  Parameters<double> gradient(
      network.units(), network.inputs(), network.outputs());
  for (const std::string variant :
       {"a100_inside", "a020_inside", "a020_outside"}) {
    for (const bool masked : {false, true}) {
      Dynamics dynamics;
      dynamics.dt_ms = variant[1] == '1' ? 100 : 20;
      dynamics.update =
          variant.back() == 'e' && variant.find("inside") != std::string::npos
              ? Update::kLeakInside
              : Update::kLeakOutside;
      Backprop<double> backprop(dynamics,
                                network.units(),
                                network.inputs(),
                                network.outputs(),
                                shape[0],
                                shape[1]);
      const auto loss =
          backprop.Run(parameters, GoldenBatch(golden, masked), gradient, {});
      ASSERT_TRUE(loss.ok());
      const std::string name = variant + (masked ? "_masked" : "");
      ExpectClose(Matrix::Constant(1, 1, *loss),
                  LoadGolden(golden, "loss_" + name).ToMatrix(),
                  1e-11,
                  0,
                  "loss_" + name);
      const Network gradients = gradient.ToNetwork(dynamics);
      for (const std::string array : kArrays) {
        const std::string grad = "grad_" + array + "_" + name;
        ExpectClose(ArrayOf(gradients, array),
                    LoadGolden(golden, grad).ToMatrix(),
                    1e-9,
                    1e-13,
                    grad);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         GoldenGradient,
                         testing::Values("ctrnn_grad_n5", "ctrnn_grad_n64"));

class FiniteDifference
    : public testing::TestWithParam<std::tuple<Activation, Update>> {};

Batch<double> RandomBatch(int64_t inputs, int64_t outputs, int64_t columns) {
  RandomStream random(11, RandomPurpose::kTrainingTrials, 0);
  Batch<double> batch;
  batch.inputs.resize(inputs, columns);
  for (int64_t i = 0; i < batch.inputs.size(); ++i) {
    batch.inputs.data()[i] = random.Normal();
  }
  for (int64_t i = 0; i < columns; ++i) {
    batch.targets.push_back(
        static_cast<int32_t>(random.Index(static_cast<uint64_t>(outputs))));
    batch.weights.push_back(random.Uniform());
  }
  return batch;
}

TEST_P(FiniteDifference, IsTheGradient) {
  // 6 units, 7 steps of 3 streams, alpha = 0.3. Central difference, h = 1e-6:
  // truncation h^2 |f'''| and rounding eps / h are both below 1e-9.
  Dynamics dynamics;
  std::tie(dynamics.activation, dynamics.update) = GetParam();
  dynamics.dt_ms = 30;
  const Network network =
      InitialNetwork(Recipe::kReference, 6, 3, 3, dynamics, 5);
  const Batch<double> batch = RandomBatch(3, 3, 21);
  Parameters<double> parameters(network);
  Parameters<double> gradient(6, 3, 3);
  Parameters<double> unused(6, 3, 3);
  Backprop<double> backprop(dynamics, 6, 3, 3, 7, 3);
  ASSERT_TRUE(backprop.Run(parameters, batch, gradient, {}).ok());
  EXPECT_GT(gradient.w_rec().norm(), 1e-4);
  const double h = 1e-6;
  for (int64_t i = 0; i < parameters.values().size(); ++i) {
    double& value = parameters.values()(i);
    const double before = value;
    value = before + h;
    const double above = *backprop.Run(parameters, batch, unused, {});
    value = before - h;
    const double below = *backprop.Run(parameters, batch, unused, {});
    value = before;
    EXPECT_NEAR(gradient.values()(i), (above - below) / (2 * h), 2e-9) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Dynamics,
    FiniteDifference,
    testing::Combine(testing::Values(Activation::kRelu,
                                     Activation::kTanh,
                                     Activation::kSigmoid,
                                     Activation::kSoftplus,
                                     Activation::kLinear),
                     testing::Values(Update::kLeakOutside,
                                     Update::kLeakInside)));

TEST(Backprop, FloatsAgreeWithDoubles) {
  for (const int64_t units : {1, 7, 8, 31, 100}) {
    const Dynamics dynamics;
    const Network network =
        InitialNetwork(Recipe::kReference, units, 3, 3, dynamics, 2);
    const Batch<double> batch = RandomBatch(3, 3, 5 * 20);
    Batch<float> float_batch;
    float_batch.inputs = batch.inputs.cast<float>();
    float_batch.targets = batch.targets;
    float_batch.weights.assign(batch.weights.begin(), batch.weights.end());
    Parameters<double> parameters(network);
    Parameters<double> gradient(units, 3, 3);
    Parameters<float> float_parameters(network);
    Parameters<float> float_gradient(units, 3, 3);
    Backprop<double> in_double(dynamics, units, 3, 3, 20, 5);
    Backprop<float> in_float(dynamics, units, 3, 3, 20, 5);
    const double loss = *in_double.Run(parameters, batch, gradient, {});
    EXPECT_NEAR(
        *in_float.Run(float_parameters, float_batch, float_gradient, {}),
        loss,
        1e-5 * loss);
    ExpectClose(float_gradient.ToNetwork(dynamics).w_rec,
                gradient.ToNetwork(dynamics).w_rec,
                1e-3,
                1e-6,
                "gradient of w_rec");
  }
}

TEST(Backprop, BuffersOfAnEarlierBatchLeaveNoTrace) {
  const Dynamics dynamics;
  Parameters<double> parameters(
      InitialNetwork(Recipe::kReference, 9, 3, 3, dynamics, 2));
  const Batch<double> batch = RandomBatch(3, 3, 12);
  Batch<double> other = batch;
  other.inputs *= -3;
  Parameters<double> fresh(9, 3, 3);
  Parameters<double> used(9, 3, 3);
  Backprop<double> first(dynamics, 9, 3, 3, 4, 3);
  ASSERT_TRUE(first.Run(parameters, batch, fresh, {}).ok());
  Backprop<double> second(dynamics, 9, 3, 3, 4, 3);
  ASSERT_TRUE(second.Run(parameters, other, used, {}).ok());
  ASSERT_TRUE(second.Run(parameters, batch, used, {}).ok());
  EXPECT_EQ(fresh.values(), used.values());
}

TEST(Backprop, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  Parameters<double> parameters(2, 3, 3);
  Parameters<double> gradient(2, 3, 3);
  Backprop<double> backprop({}, 2, 3, 3, 4, 3);
  EXPECT_EQ(
      ReasonOf(
          backprop.Run(parameters, RandomBatch(3, 3, 12), gradient, execution)
              .status()),
      reason::kCancelled);
}

}  // namespace
}  // namespace modbound
