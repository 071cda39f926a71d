#include "core/training/learning_rate.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

using Shape = LearningRateSchedule::Shape;

void ExpectFactors(const LearningRateSchedule& schedule,
                   const std::vector<double>& expected) {
  for (std::size_t step = 0; step < expected.size(); ++step) {
    EXPECT_NEAR(LearningRateFactor(schedule, static_cast<int64_t>(step)),
                expected[step],
                1e-15)
        << step;
  }
}

TEST(LearningRate, IsConstantUnlessToldOtherwise) {
  EXPECT_EQ(LearningRateFactor({}, 0), 1);
  EXPECT_EQ(LearningRateFactor({}, 9999999), 1);
}

// PyTorch 1.13: lr_scheduler.StepLR(3, .5), ExponentialLR(.5^(1/3)),
// CosineAnnealingLR(4, eta_min=.1) of a rate of 1; the last stays at its end.
TEST(LearningRate, DecaysAsPyTorchs) {
  ExpectFactors({.shape = Shape::kStep, .decay_steps = 3, .factor = 0.5},
                {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25});
  ExpectFactors(
      {.shape = Shape::kExponential, .decay_steps = 3, .factor = 0.5},
      {1, 0.7937005259840998, 0.6299605249474367, 0.5, 0.39685026299205});
  ExpectFactors(
      {.shape = Shape::kCosine, .decay_steps = 4, .factor = 0.1},
      {1, 0.8681980515339464, 0.55, 0.23180194846605368, 0.1, 0.1, 0.1});
}

TEST(LearningRate, WarmsUpToTheFullRateAndDecaysFromThere) {
  ExpectFactors({.warmup_steps = 4}, {0.25, 0.5, 0.75, 1, 1, 1});
  ExpectFactors({.shape = Shape::kStep,
                 .warmup_steps = 2,
                 .decay_steps = 2,
                 .factor = 0.1},
                {0.5, 1, 1, 1, 0.1, 0.1, 0.01});
}

}  // namespace
}  // namespace modbound
