#include "core/training/clip_norm.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(ClipNorm, ScalesOnlyWhatIsTooLong) {
  Vector gradient = Eigen::Vector2d(3, 4);
  EXPECT_EQ(ClipNorm(6, gradient), 5);
  EXPECT_EQ(gradient, Vector(Eigen::Vector2d(3, 4)));
  EXPECT_EQ(ClipNorm(1, gradient), 5);
  EXPECT_NEAR(gradient.norm(), 1, 1e-15);
  EXPECT_NEAR(gradient(0), 0.6, 1e-15);
}

}  // namespace
}  // namespace modbound
