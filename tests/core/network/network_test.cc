#include "core/network/network.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr Activation kActivations[] = {Activation::kRelu,
                                       Activation::kTanh,
                                       Activation::kSigmoid,
                                       Activation::kSoftplus,
                                       Activation::kLinear};

// Two units, one input, one output; numbers that are exact in binary.
Network SmallNetwork(Update update) {
  Network network;
  network.w_in.resize(2, 1);
  network.w_in << 1, -1;
  network.b_in.resize(2);
  network.b_in << 0.5, 0;
  network.w_rec.resize(2, 2);
  network.w_rec << 0, 2, 1, 0;
  network.b_rec.resize(2);
  network.b_rec << 0, 0.25;
  network.w_out.resize(1, 2);
  network.w_out << 1, 4;
  network.b_out.resize(1);
  network.b_out << -1;
  network.dynamics.update = update;
  network.dynamics.dt_ms = 50;  // alpha = 1/2
  return network;
}

Matrix Row(double a, double b) {
  Matrix row(1, 2);
  row << a, b;
  return row;
}

TEST(Step, LeakOutsideByHand) {
  // r = (1, 2), x = 4: W_in x = (4, -4), W_rec r = (4, 1), biases (.5, .25):
  // pre = (8.5, -2.75), relu = (8.5, 0), r' = r/2 + relu/2 = (4.75, 1).
  const Network network = SmallNetwork(Update::kLeakOutside);
  const Matrix input = Matrix::Constant(1, 1, 4);
  EXPECT_EQ(PreActivation(network, Row(1, 2), input), Row(8.5, -2.75));
  EXPECT_EQ(Step(network, Row(1, 2), input), Row(4.75, 1));
}

TEST(Step, LeakInsideByHand) {
  // Same sums: argument = r/2 + pre/2 = (4.75, -.375), relu = (4.75, 0).
  const Network network = SmallNetwork(Update::kLeakInside);
  const Matrix input = Matrix::Constant(1, 1, 4);
  EXPECT_EQ(PreActivation(network, Row(1, 2), input), Row(4.75, -0.375));
  EXPECT_EQ(Step(network, Row(1, 2), input), Row(4.75, 0));
}

TEST(Step, BothUpdatesAreOneAtAlphaOne) {
  Network outside = SmallNetwork(Update::kLeakOutside);
  Network inside = SmallNetwork(Update::kLeakInside);
  outside.dynamics.dt_ms = inside.dynamics.dt_ms = 100;
  const Matrix input = Matrix::Constant(1, 1, -3);
  EXPECT_EQ(Step(outside, Row(1, 2), input), Step(inside, Row(1, 2), input));
}

TEST(Readout, ByHand) {
  // 1 * 3 + 4 * 2 - 1.
  EXPECT_EQ(Readout(SmallNetwork(Update::kLeakOutside), Row(3, 2))(0, 0), 10);
}

TEST(Activate, MatchesTheStandardLibrary) {
  for (double x = -30; x <= 30; x += 0.37) {
    const double expected[] = {std::max(x, 0.0),
                               std::tanh(x),
                               1 / (1 + std::exp(-x)),
                               std::log1p(std::exp(x)),
                               x};
    for (std::size_t a = 0; a < 5; ++a) {
      Matrix value = Matrix::Constant(1, 1, x);
      Activate(kActivations[a], value);
      EXPECT_NEAR(value(0, 0), expected[a], 4e-15 * (1 + std::abs(x)))
          << "activation " << a << " at " << x;
    }
  }
}

TEST(Activate, StaysFiniteForHugeArguments) {
  const double huge = std::numeric_limits<double>::max();
  const double low[] = {0, -1, 0, 0, -huge};
  const double high[] = {huge, 1, 1, huge, huge};
  for (std::size_t a = 0; a < 5; ++a) {
    Matrix values = Row(-huge, huge);
    Activate(kActivations[a], values);
    EXPECT_NEAR(values(0, 0) / std::max(1.0, std::abs(low[a])),
                low[a] / std::max(1.0, std::abs(low[a])),
                1e-300)
        << a;
    EXPECT_EQ(values(0, 1), high[a]) << a;
  }
}

TEST(Activate, KeepsNaN) {
  for (const Activation activation : kActivations) {
    Matrix values = Row(std::nan(""), 1);
    Activate(activation, values);
    EXPECT_TRUE(std::isnan(values(0, 0))) << static_cast<int>(activation);
  }
}

TEST(ActivationGain, IsTheFiniteDifference) {
  // Central difference with h = 1e-5: error h^2/6 |f'''| + eps |f| / h, both
  // below 1e-9 for |x| <= 5.
  const double h = 1e-5;
  for (const Activation activation : kActivations) {
    for (double x = -4.9; x <= 5; x += 0.31) {
      Matrix ends = Row(x - h, x + h);
      Activate(activation, ends);
      const double slope = (ends(0, 1) - ends(0, 0)) / (2 * h);
      EXPECT_NEAR(ActivationGain(activation, Row(x, x))(0, 0), slope, 1e-9)
          << static_cast<int>(activation) << " at " << x;
    }
  }
}

TEST(ActivationGain, OfReluIsZeroAtZero) {
  EXPECT_EQ(ActivationGain(Activation::kRelu, Row(0, 1e-300)), Row(0, 1));
}

TEST(Dynamics, RefusesBadTimes) {
  Dynamics dynamics;
  dynamics.dt_ms = 101;
  EXPECT_EQ(ReasonOf(dynamics.Validate()), reason::kContradiction);
  EXPECT_EQ(FieldOf(dynamics.Validate()), "dt");
  dynamics.dt_ms = 0;
  EXPECT_EQ(ReasonOf(dynamics.Validate()), reason::kOutOfRange);
  dynamics.dt_ms = 100;
  dynamics.tau_ms = std::nan("");
  EXPECT_EQ(FieldOf(dynamics.Validate()), "tau");
}

TEST(Network, RefusesWrongShapesAndValues) {
  Network network = SmallNetwork(Update::kLeakOutside);
  EXPECT_TRUE(network.Validate().ok());
  network.b_rec.setZero(3);
  EXPECT_EQ(ReasonOf(network.Validate()), reason::kWrongShape);
  EXPECT_EQ(FieldOf(network.Validate()), "inputs.b_rec");
  network.b_rec.setZero(2);
  network.w_out(0, 1) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ReasonOf(network.Validate()), reason::kNotFinite);
  EXPECT_EQ(FieldOf(network.Validate()), "inputs.w_out");
}

}  // namespace
}  // namespace modbound
