#include "core/dynamics/jacobian.h"

#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/similarity.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/golden_network.h"
#include "support/threads.h"

namespace modbound {
namespace {

struct Variant {
  const char* name;
  double alpha;
  Update update;
  int jacobians;  // given in the file `jacobian_<name><suffix>`
  const char* suffix;
};

void CheckVariant(const std::string& golden, const Variant& variant) {
  SCOPED_TRACE(golden + " " + variant.name);
  Network network = GoldenNetwork(golden);
  network.dynamics.dt_ms = 100 * variant.alpha;
  network.dynamics.update = variant.update;
  const Matrix states = LoadGolden(golden, "states").ToMatrix();
  const Matrix inputs = LoadGolden(golden, "inputs").ToMatrix();
  const int64_t N = network.units();
  if (variant.jacobians > 0) {
    const Matrix expected =
        LoadGolden(golden,
                   std::string("jacobian_") + variant.name + variant.suffix)
            .ToMatrix();
    for (int64_t k = 0; k < variant.jacobians; ++k) {
      ExpectClose(
          Jacobian(
              network, states.row(k).transpose(), inputs.row(k).transpose()),
          expected.middleRows(k * N, N),
          1e-12,
          1e-14,
          "jacobian " + std::to_string(k));
    }
  }
  const auto gain = MeanGain(network, states, inputs, Threads(2));
  ASSERT_TRUE(gain.ok()) << gain.status();
  const Matrix mean = JacobianFromGain(network, *gain);
  const auto expected = [&](const char* array) {
    return LoadGolden(golden, std::string(array) + variant.name).ToMatrix();
  };
  ExpectClose(mean, expected("mean_jacobian_"), 1e-12, 1e-14, "mean");
  const auto cosine = CosineOfRows(mean, Threads(1));
  const auto flow = CosineOfRows(FlowJacobian(mean), Threads(1));
  ASSERT_TRUE(cosine.ok() && flow.ok());
  ExpectClose(
      cosine->values, expected("row_cosine_"), 1e-10, 1e-12, "row cosine");
  ExpectClose(flow->values,
              expected("row_cosine_minus_identity_"),
              1e-10,
              1e-12,
              "row cosine of J - I");
}

TEST(Jacobian, AgreesWithTheReferenceOfFiveUnits) {
  CheckVariant("jacobian_n5", {"a100_inside", 1, Update::kLeakInside, 22, ""});
  CheckVariant("jacobian_n5", {"a100_inside", 1, Update::kLeakOutside, 22, ""});
  CheckVariant("jacobian_n5",
               {"a020_inside", 0.2, Update::kLeakInside, 22, ""});
  CheckVariant("jacobian_n5",
               {"a020_outside", 0.2, Update::kLeakOutside, 22, ""});
}

TEST(Jacobian, AgreesWithTheReferenceOf64Units) {
  CheckVariant("jacobian_n64",
               {"a100_inside", 1, Update::kLeakInside, 6, "_first6"});
  CheckVariant("jacobian_n64",
               {"a020_inside", 0.2, Update::kLeakInside, 0, ""});
}

Network RandomNetwork(int64_t N, int64_t I, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kInitialWeights, 0);
  const auto draw = [&](int64_t rows, int64_t cols) {
    Matrix matrix(rows, cols);
    for (int64_t i = 0; i < matrix.size(); ++i) {
      matrix.data()[i] = random.Uniform(-0.8, 0.8);
    }
    return matrix;
  };
  Network network;
  network.w_in = draw(N, I);
  network.b_in = draw(N, 1);
  network.w_rec = draw(N, N);
  network.b_rec = draw(N, 1);
  network.w_out = draw(2, N);
  network.b_out = draw(2, 1);
  return network;
}

// Central differences of the step itself. Error h^2 f''' / 6 plus rounding
// eps / h: about 1e-10 at h = 1e-5. The states are random, so no ReLU is
// within h of its corner.
TEST(Jacobian, IsTheDerivativeOfTheStepForEveryActivationAndUpdate) {
  constexpr double kDifference = 1e-5;
  for (const Activation activation : {Activation::kRelu,
                                      Activation::kTanh,
                                      Activation::kSigmoid,
                                      Activation::kSoftplus,
                                      Activation::kLinear}) {
    for (const Update update : {Update::kLeakOutside, Update::kLeakInside}) {
      Network network = RandomNetwork(7, 3, 11);
      network.dynamics = {activation, update, 30, 100};
      const Matrix state = RandomNetwork(7, 1, 12).b_in.transpose();
      const Matrix input = RandomNetwork(3, 1, 13).b_in.transpose();
      Matrix expected(7, 7);
      for (int64_t j = 0; j < 7; ++j) {
        Matrix up = state;
        Matrix down = state;
        up(0, j) += kDifference;
        down(0, j) -= kDifference;
        expected.col(j) =
            (Step(network, up, input) - Step(network, down, input))
                .transpose() /
            (2 * kDifference);
      }
      ExpectClose(
          Jacobian(network, state.row(0).transpose(), input.row(0).transpose()),
          expected,
          0,
          1e-9,
          "activation " + std::to_string(static_cast<int>(activation)) +
              " update " + std::to_string(static_cast<int>(update)));
    }
  }
}

TEST(Jacobian, MeanIsTheMeanOfTheJacobians) {
  for (const Update update : {Update::kLeakOutside, Update::kLeakInside}) {
    Network network = RandomNetwork(6, 2, 21);
    network.dynamics = {Activation::kTanh, update, 40, 100};
    const Matrix states = RandomNetwork(70, 6, 22).w_in;
    const Matrix inputs = RandomNetwork(70, 2, 23).w_in;
    Matrix sum = Matrix::Zero(6, 6);
    for (int64_t k = 0; k < 70; ++k) {
      sum += Jacobian(
          network, states.row(k).transpose(), inputs.row(k).transpose());
    }
    const auto gain = MeanGain(network, states, inputs, Threads(1));
    ASSERT_TRUE(gain.ok());
    ExpectClose(
        JacobianFromGain(network, *gain), sum / 70, 1e-12, 1e-14, "mean");
  }
}

TEST(Jacobian, OfAReluAtItsCornerIsZero) {
  Network network = RandomNetwork(3, 1, 31);
  network.b_in.setZero();
  network.b_rec.setZero();
  EXPECT_EQ(Jacobian(network, Vector::Zero(3), Vector::Zero(1)),
            Matrix::Zero(3, 3));
}

TEST(MeanGain, BytesDoNotDependOnThreads) {
  Network network = RandomNetwork(40, 3, 41);
  network.dynamics.activation = Activation::kSigmoid;
  const Matrix states = RandomNetwork(333, 40, 42).w_in;
  const Matrix inputs = RandomNetwork(333, 3, 43).w_in;
  const auto one = MeanGain(network, states, inputs, Threads(1));
  for (const int threads : {2, 4}) {
    const auto many = MeanGain(network, states, inputs, Threads(threads));
    ASSERT_TRUE(one.ok() && many.ok());
    EXPECT_EQ(*one, *many);
  }
}

TEST(MeanGain, RefusesWrongShapesAndNoStates) {
  const Network network = RandomNetwork(4, 2, 51);
  const auto refused = [&](int64_t rows, int64_t units, int64_t input_rows) {
    return MeanGain(network,
                    Matrix::Zero(rows, units),
                    Matrix::Zero(input_rows, 2),
                    Threads(1))
        .status();
  };
  EXPECT_EQ(FieldOf(refused(3, 5, 3)), "states");
  EXPECT_EQ(FieldOf(refused(3, 4, 2)), "inputs");
  EXPECT_EQ(ReasonOf(refused(3, 4, 2)), reason::kWrongShape);
  EXPECT_EQ(ReasonOf(refused(0, 4, 0)), reason::kDegenerate);
}

TEST(StatesBefore, StartsEveryTrialAtZero) {
  Matrix activity(4, 1);
  activity << 1, 2, 3, 4;
  Matrix expected(4, 1);
  expected << 0, 1, 0, 3;
  EXPECT_EQ(StatesBefore(activity, {0, 2, 4}), expected);
}

}  // namespace
}  // namespace modbound
