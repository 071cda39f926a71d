#include "core/training/optimizer.h"

#include <string>

#include "gtest/gtest.h"

namespace modbound {
namespace {

using Values = Eigen::Matrix<double, Eigen::Dynamic, 1>;

// Six steps at rate 0.05 from (0.5, -1.25, 2) along g_i = i theta_i -+ 0.5, i =
// 1, 2, 3, with - at even steps. The sign makes moments matter.
template <typename Scalar>
Eigen::Matrix<Scalar, Eigen::Dynamic, 1> SixSteps(
    const OptimizerOptions& options) {
  const auto optimizer = MakeOptimizer<Scalar>(options, 3, {{0, 3}});
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> theta(3);
  theta << Scalar(0.5), Scalar(-1.25), Scalar(2);
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> gradient(3);
  for (int step = 0; step < 6; ++step) {
    for (int64_t i = 0; i < 3; ++i) {
      gradient(i) = static_cast<Scalar>(i + 1) * theta(i) -
                    Scalar(step % 2 == 0 ? 0.5 : -0.5);
    }
    optimizer->Step(0.05, gradient, theta);
  }
  return theta;
}

struct Case {
  const char* name;
  OptimizerOptions options;
  Eigen::Vector3d expected;
};

OptimizerOptions AdamLike(OptimizerName name) {
  OptimizerOptions options;
  options.name = name;
  options.beta1 = 0.8;
  options.beta2 = 0.95;
  options.epsilon = 1e-6;
  options.weight_decay = 0.3;
  return options;
}

OptimizerOptions SgdWith(double momentum, bool nesterov) {
  OptimizerOptions options;
  options.name = OptimizerName::kSgd;
  options.momentum = momentum;
  options.nesterov = nesterov;
  return options;
}

// Expected: PyTorch 1.13 in float64 on the same gradients, with
// optim.AdamW([theta], lr=.05, betas=(.8, .95), eps=1e-6, weight_decay=.3),
// optim.Adam without weight_decay (which ours ignores), and
// optim.SGD([theta], lr=.05, momentum=.7 or 0, nesterov=...).
std::vector<Case> Cases() {
  return {
      {"adamw",
       AdamLike(OptimizerName::kAdamW),
       {0.29749648217568675, -0.864998928426954, 1.540145727800735}},
      {"adam",
       AdamLike(OptimizerName::kAdam),
       {0.33302622038308827, -0.9608738107554003, 1.7014676427890219}},
      {"momentum",
       SgdWith(0.7, false),
       {0.23963718750000007, -0.07349600000000005, -0.3468453203124999}},
      {"nesterov",
       SgdWith(0.7, true),
       {0.205061972196875, -0.08940679472850004, -0.21658293999346087}},
      {"plain",
       SgdWith(0, false),
       {0.3641496875, -0.6704665000000001, 0.7458821328125}},
  };
}

TEST(Optimizer, StepsAsPyTorchDoes) {
  for (const Case& c : Cases()) {
    // Some ten roundings a step.
    EXPECT_LT((SixSteps<double>(c.options) - c.expected).norm(), 1e-14)
        << c.name;
    EXPECT_LT((SixSteps<float>(c.options).cast<double>() - c.expected).norm(),
              1e-5)
        << c.name;
  }
}

TEST(Optimizer, ChangesOnlyItsSpans) {
  for (const Case& c : Cases()) {
    const auto optimizer =
        MakeOptimizer<double>(c.options, 5, {{0, 1}, {3, 1}});
    const Values before = Values::LinSpaced(5, 1, 5);
    Values theta = before;
    for (int step = 0; step < 3; ++step) {
      optimizer->Step(0.1, Values::Ones(5), theta);
    }
    for (const int64_t i : {1, 2, 4}) {
      EXPECT_EQ(theta(i), before(i)) << c.name;
    }
    EXPECT_NE(theta(0), before(0)) << c.name;
    EXPECT_NE(theta(3), before(3)) << c.name;
  }
}

TEST(Optimizer, LeavesAZeroWithoutGradientAtZero) {
  for (const Case& c : Cases()) {
    const auto optimizer = MakeOptimizer<float>(c.options, 1, {{0, 1}});
    Eigen::VectorXf theta = Eigen::VectorXf::Zero(1);
    for (int step = 0; step < 3; ++step) {
      optimizer->Step(0.1, Eigen::VectorXf::Zero(1), theta);
    }
    EXPECT_EQ(theta(0), 0) << c.name;
    EXPECT_FALSE(std::signbit(theta(0))) << c.name;
  }
}

TEST(Optimizer, GoesOnFromWhatItSaved) {
  for (const Case& c : Cases()) {
    const auto run = [&](int64_t save_after) {
      auto optimizer = MakeOptimizer<double>(c.options, 2, {{0, 2}});
      Values theta = Values::Ones(2);
      for (int64_t step = 0; step < 6; ++step) {
        if (step == save_after) {
          StateWriter writer;
          optimizer->Save(writer);
          const std::string state = std::move(writer).Take();
          optimizer = MakeOptimizer<double>(c.options, 2, {{0, 2}});
          StateReader reader(state);
          EXPECT_TRUE(optimizer->Load(reader)) << c.name;
        }
        optimizer->Step(0.1, Values(theta.array().square() - 0.5), theta);
      }
      return theta;
    };
    EXPECT_EQ(run(3), run(-1)) << c.name;
    const auto optimizer = MakeOptimizer<double>(c.options, 2, {{0, 2}});
    StateReader nothing("");
    EXPECT_EQ(optimizer->Load(nothing), OptimizerStates(c.options) == 0)
        << c.name;
  }
}

// Among them one that is 0 as a Scalar, and the smallest there is.
TEST(Optimizer, AGradientOfZeroMovesNothingWhateverEpsilon) {
  for (const double epsilon : {1e-8, 1e-50, 1e-310, 5e-324}) {
    OptimizerOptions options;
    options.epsilon = epsilon;
    const Eigen::VectorXf gradient = Eigen::Vector3f(0, 1, 0);
    Eigen::VectorXf theta = Eigen::Vector3f(2, 2, 0);
    const auto optimizer = MakeOptimizer<float>(options, 3, {{0, 3}});
    const auto in_double = MakeOptimizer<double>(options, 3, {{0, 3}});
    Values theta_double = theta.cast<double>();
    for (int step = 0; step < 3; ++step) {
      optimizer->Step(0.5, gradient, theta);
      in_double->Step(0.5, gradient.cast<double>(), theta_double);
    }
    EXPECT_EQ(theta(0), 2) << epsilon;
    EXPECT_EQ(theta(2), 0) << epsilon;
    EXPECT_NEAR(theta(1), 0.5, 1e-6) << epsilon;
    EXPECT_EQ(theta_double(0), 2) << epsilon;
    EXPECT_EQ(theta_double(2), 0) << epsilon;
    EXPECT_NEAR(theta_double(1), 0.5, 1e-6) << epsilon;
  }
}

}  // namespace
}  // namespace modbound
