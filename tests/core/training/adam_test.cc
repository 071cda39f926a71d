#include "core/training/adam.h"

#include <cmath>
#include <string>

#include "core/training/backprop.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

class GoldenAdam : public testing::TestWithParam<const char*> {};

TEST_P(GoldenAdam, TwentySteps) {
  const std::string golden = GetParam();
  const auto array = [&](const std::string& name) {
    return LoadGolden(golden, name);
  };
  Network network;
  network.w_in = array("w_in").ToMatrix();
  network.b_in = array("b_in").ToVector();
  network.w_rec = array("w_rec").ToMatrix();
  network.b_rec = array("b_rec").ToVector();
  network.w_out = array("w_out").ToMatrix();
  network.b_out = array("b_out").ToVector();
  Parameters<double> parameters(network);
  Parameters<double> gradient(network.units(), 3, network.outputs());
  const std::vector<int64_t> shape = array("inputs").shape;  // step, T, B, I
  const int64_t T = shape[1];
  const int64_t B = shape[2];
  Backprop<double> backprop({}, network.units(), 3, network.outputs(), T, B);
  Adam<double> adam(
      {}, parameters.values().size(), {{0, parameters.values().size()}});
  const Matrix inputs = array("inputs").ToMatrix();
  const std::vector<double> targets = array("targets").values;
  Matrix losses(20, 1);
  for (int64_t step = 0; step < 20; ++step) {
    Batch<double> batch;
    batch.inputs = inputs.middleRows(step * T * B, T * B).transpose();
    batch.targets.assign(targets.begin() + step * T * B,
                         targets.begin() + (step + 1) * T * B);
    losses(step, 0) = *backprop.Run(parameters, batch, gradient, {});
    adam.Step(0.01, gradient.values(), parameters.values());
  }
  ExpectClose(losses, array("losses").ToMatrix(), 1e-9, 1e-11, "losses");
  const Network last = parameters.ToNetwork({});
  const auto expect = [&](const Matrix& actual, const std::string& name) {
    ExpectClose(actual, array("final_" + name).ToMatrix(), 1e-8, 1e-10, name);
  };
  expect(last.w_in, "w_in");
  expect(last.b_in, "b_in");
  expect(last.w_rec, "w_rec");
  expect(last.b_rec, "b_rec");
  expect(last.w_out, "w_out");
  expect(last.b_out, "b_out");
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         GoldenAdam,
                         testing::Values("ctrnn_adam_n5", "ctrnn_adam_n64"));

TEST(Adam, FirstStepIsTheLearningRateAgainstTheSign) {
  // m / (1 - b1) = g and v / (1 - b2) = g^2, so the step is lr g / (|g| + eps).
  Adam<double> adam({}, 3, {{0, 3}});
  Vector values = Vector::Ones(3);
  adam.Step(0.5, Eigen::Vector3d(2, -1e-3, 0), values);
  EXPECT_NEAR(values(0), 0.5, 1e-8);
  EXPECT_NEAR(values(1), 1.5, 1e-5);
  EXPECT_EQ(values(2), 1);  // a gradient of zero does not move it
}

}  // namespace
}  // namespace modbound
