#include "core/training/weight_penalty.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

// 2 units, 1 input, 1 output; biases are 100, which no penalty may see.
Parameters<double> SmallWeights() {
  Parameters<double> parameters(2, 1, 1);
  parameters.w_in() << 1, -2;
  parameters.w_rec() << 0, -3, 0.5, 2;
  parameters.w_out() << -1, 4;
  parameters.b_in().setConstant(100);
  parameters.b_rec().setConstant(100);
  parameters.b_out().setConstant(100);
  return parameters;
}

TEST(WeightPenalty, OfSquaresIsHalfTheirSum) {
  Regularization regularization;
  regularization.l2 = 0.1;
  Parameters<double> parameters = SmallWeights();
  Parameters<double> gradient(2, 1, 1);
  gradient.w_in()(0, 0) = 7;  // what was there stays
  const double penalty =
      WeightPenalty<double>(regularization, 2).Add(parameters, gradient);
  // 1 + 4 + 9 + .25 + 4 + 1 + 16.
  EXPECT_NEAR(penalty, 0.05 * 35.25, 1e-14);
  EXPECT_NEAR(gradient.w_in()(0, 0), 7 + 0.1, 1e-14);
  EXPECT_NEAR(gradient.w_rec()(0, 1), -0.3, 1e-14);
  EXPECT_NEAR(gradient.w_out()(0, 1), 0.4, 1e-14);
  EXPECT_EQ(gradient.b_in().norm(), 0);
  EXPECT_EQ(gradient.b_rec().norm(), 0);
  EXPECT_EQ(gradient.b_out().norm(), 0);
}

TEST(WeightPenalty, OfConnectionsIsFlatAtZero) {
  Regularization regularization;
  regularization.connection_cost = 0.2;
  Parameters<double> parameters = SmallWeights();
  Parameters<double> gradient(2, 1, 1);
  EXPECT_NEAR(
      WeightPenalty<double>(regularization, 2).Add(parameters, gradient),
      0.2 * 5.5,
      1e-14);
  Eigen::Matrix2d slope;
  slope << 0, -0.2, 0.2, 0.2;
  EXPECT_EQ(Eigen::Matrix2d(gradient.w_rec()), slope);
  EXPECT_EQ(gradient.w_in().norm(), 0);
  EXPECT_EQ(gradient.w_out().norm(), 0);
}

TEST(WeightPenalty, OfSpaceTakesDistancesPositionsOrTheGrid) {
  Regularization regularization;
  regularization.spatial_cost = 0.5;
  regularization.connection_cost = 0.2;
  const auto penalty = [&] {
    Parameters<double> parameters = SmallWeights();
    Parameters<double> gradient(2, 1, 1);
    const double value =
        WeightPenalty<double>(regularization, 2).Add(parameters, gradient);
    // Central differences of a piecewise linear function are exact.
    for (int64_t k = 0; k < 4; ++k) {
      double& weight = parameters.w_rec().data()[k];
      const double before = weight;
      Parameters<double> unused(2, 1, 1);
      weight = before + 1e-3;
      const double above =
          WeightPenalty<double>(regularization, 2).Add(parameters, unused);
      weight = before - 1e-3;
      const double below =
          WeightPenalty<double>(regularization, 2).Add(parameters, unused);
      weight = before;
      EXPECT_NEAR(gradient.w_rec().data()[k], (above - below) / 2e-3, 1e-11);
    }
    return value;
  };
  // |w|: 0 3 / .5 2. The grid puts the units at distance 1.
  EXPECT_NEAR(penalty(), 0.2 * 5.5 + 0.5 * 3.5, 1e-14);
  regularization.positions.resize(2, 3);
  regularization.positions << 0, 0, 0, 0, 3, 4;
  EXPECT_NEAR(penalty(), 0.2 * 5.5 + 0.5 * 5 * 3.5, 1e-14);
  // Distances win, as they are: not symmetric, and a unit from itself.
  regularization.distances.resize(2, 2);
  regularization.distances << 1, 2, 4, 8;
  EXPECT_NEAR(penalty(), 0.2 * 5.5 + 0.5 * (2 * 3 + 4 * 0.5 + 8 * 2), 1e-14);
}

}  // namespace
}  // namespace modbound
