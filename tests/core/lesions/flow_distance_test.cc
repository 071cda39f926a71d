#include "core/lesions/flow_distance.h"

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/threads.h"

namespace modbound {
namespace {

Matrix Draw(int64_t rows, int64_t cols, uint64_t index) {
  RandomStream random(3, RandomPurpose::kInitialWeights, index);
  Matrix matrix(rows, cols);
  for (int64_t i = 0; i < matrix.size(); ++i) {
    matrix.data()[i] = random.Uniform(-0.9, 0.9);
  }
  return matrix;
}

Network RandomNetwork(int64_t N, int64_t I) {
  Network network;
  network.w_in = Draw(N, I, 0);
  network.b_in = Draw(N, 1, 1);
  network.w_rec = Draw(N, N, 2);
  network.b_rec = Draw(N, 1, 3);
  network.w_out = Draw(2, N, 4);
  network.b_out = Draw(2, 1, 5);
  return network;
}

// The definition: zero the weights, step both networks.
Matrix BruteForce(const Network& network,
                  const Matrix& states,
                  const Vector& input,
                  LesionScope scope) {
  const Matrix inputs = input.transpose().replicate(states.rows(), 1);
  const Matrix intact = Step(network, states, inputs);
  Matrix distances(states.rows(), network.units());
  for (int64_t i = 0; i < network.units(); ++i) {
    Network lesioned = network;
    lesioned.w_rec.row(i).setZero();
    lesioned.w_rec.col(i).setZero();
    if (scope != LesionScope::kRecurrent) {
      lesioned.w_in.row(i).setZero();
    }
    if (scope == LesionScope::kSilence) {
      lesioned.b_in(i) = lesioned.b_rec(i) = 0;
    }
    distances.col(i) =
        (Step(lesioned, states, inputs) - intact).rowwise().norm();
  }
  return distances;
}

TEST(FlowDistance, EqualsBruteForceForEveryScopeActivationAndUpdate) {
  const Matrix states = 2 * Draw(21, 9, 6);
  const Vector input = Draw(3, 1, 7);
  for (const LesionScope scope :
       {LesionScope::kRecurrent, LesionScope::kAll, LesionScope::kSilence}) {
    for (const Activation activation : {Activation::kRelu,
                                        Activation::kTanh,
                                        Activation::kSigmoid,
                                        Activation::kSoftplus,
                                        Activation::kLinear}) {
      for (const Update update : {Update::kLeakOutside, Update::kLeakInside}) {
        for (const double dt : {25.0, 100.0}) {
          Network network = RandomNetwork(9, 3);
          network.dynamics = {activation, update, dt, 100};
          const auto distances =
              FlowDistances(network, states, input, scope, Threads(1));
          ASSERT_TRUE(distances.ok()) << distances.status();
          ExpectClose(*distances,
                      BruteForce(network, states, input, scope),
                      1e-13,
                      1e-14,
                      "scope " + std::to_string(static_cast<int>(scope)) +
                          " activation " +
                          std::to_string(static_cast<int>(activation)) +
                          " update " +
                          std::to_string(static_cast<int>(update)));
        }
      }
    }
  }
}

TEST(FlowDistance, OfTwoUnitsByHand) {
  // ReLU, alpha 1, no input: F = max(0, W r + b) with W = (0 2; 3 0), b = 1.
  // At r = (1, 1): F = (3, 4). RECURRENT of unit 0: row 0 gone, F_0 = 1;
  // column 0 gone, F_1 = 1: distance |(2, 3)|. SILENCE: F_0 = 0: |(3, 3)|.
  Network network = RandomNetwork(2, 1);
  network.w_rec << 0, 2, 3, 0;
  network.w_in.setZero();
  network.b_in << 0.5, 0.5;
  network.b_rec << 0.5, 0.5;
  const Matrix state = Matrix::Ones(1, 2);
  const auto recurrent = FlowDistances(
      network, state, Vector::Ones(1), LesionScope::kRecurrent, Threads(1));
  const auto silence = FlowDistances(
      network, state, Vector::Ones(1), LesionScope::kSilence, Threads(1));
  ASSERT_TRUE(recurrent.ok() && silence.ok());
  EXPECT_NEAR((*recurrent)(0, 0), std::sqrt(13), 1e-15);
  EXPECT_NEAR((*silence)(0, 0), std::sqrt(18), 1e-15);
}

TEST(FlowDistance, OfAUnitWithoutWeightsIsExactlyZero) {
  for (const Activation activation :
       {Activation::kRelu, Activation::kTanh, Activation::kSigmoid}) {
    Network network = RandomNetwork(11, 2);
    network.dynamics.activation = activation;
    network.w_rec.row(4).setZero();
    network.w_rec.col(4).setZero();
    network.w_in.row(4).setZero();
    const auto distances = FlowDistances(
        network, Draw(30, 11, 8), Draw(2, 1, 9), LesionScope::kAll, Threads(2));
    ASSERT_TRUE(distances.ok());
    EXPECT_EQ(distances->col(4).maxCoeff(), 0);
    EXPECT_GT(distances->col(5).maxCoeff(), 0);
  }
}

TEST(FlowDistance, BytesDoNotDependOnThreads) {
  const Network network = RandomNetwork(33, 3);
  const Matrix states = Draw(100, 33, 10);
  const auto distances = [&](int threads) {
    return *FlowDistances(
        network, states, Draw(3, 1, 11), LesionScope::kAll, Threads(threads));
  };
  const Matrix one = distances(1);
  EXPECT_EQ(one, distances(2));
  EXPECT_EQ(one, distances(4));
}

TEST(FlowDistance, RefusesWrongShapesAndReportsOverflow) {
  Network network = RandomNetwork(4, 2);
  const auto status = [&](const Matrix& states, const Vector& input) {
    return FlowDistances(network, states, input, LesionScope::kAll, Threads(1))
        .status();
  };
  EXPECT_EQ(FieldOf(status(Matrix::Zero(3, 5), Vector::Zero(2))), "states");
  EXPECT_EQ(FieldOf(status(Matrix::Zero(3, 4), Vector::Zero(3))), "input");
  EXPECT_EQ(ReasonOf(status(Matrix::Zero(3, 4), Vector::Zero(3))),
            reason::kWrongShape);
  EXPECT_EQ(ReasonOf(status(Matrix::Constant(3, 4, 1e308), Vector::Zero(2))),
            reason::kDiverged);
}

TEST(FlowDistance, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(FlowDistances(RandomNetwork(4, 2),
                          Matrix::Zero(3, 4),
                          Vector::Zero(2),
                          LesionScope::kAll,
                          execution)
                .status()
                .code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace modbound
