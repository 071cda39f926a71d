#include "core/training/trainable.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Trainable, IsEverythingUnlessToldOtherwise) {
  const Parameters<float> shape(3, 2, 2);
  const Trainable<float> trainable({}, {}, shape);
  ASSERT_EQ(trainable.spans().size(), 1u);
  EXPECT_EQ(trainable.spans()[0].first, 0);
  EXPECT_EQ(trainable.spans()[0].count, shape.size());
  Parameters<float> gradient(3, 2, 2);
  gradient.values().setOnes();
  trainable.Restrict(gradient);
  EXPECT_EQ(gradient.values().minCoeff(), 1);
}

TEST(Trainable, SpansLeaveOutFrozenArrays) {
  const Parameters<double> shape(3, 2, 2);
  ArraySet frozen{};
  frozen[0] = frozen[1] = frozen[5] = true;
  Parameters<double> marks(3, 2, 2);
  const Trainable<double> trainable({}, frozen, shape);
  for (const Span& span : trainable.spans()) {
    marks.values().segment(span.first, span.count).setOnes();
  }
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    EXPECT_EQ(marks.array(k).minCoeff(), frozen[k] ? 0 : 1) << k;
    EXPECT_EQ(marks.array(k).maxCoeff(), frozen[k] ? 0 : 1) << k;
  }
  marks.values().setOnes();
  trainable.Restrict(marks);
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    EXPECT_EQ(marks.array(k).maxCoeff(), frozen[k] ? 0 : 1) << k;
  }
}

TEST(Trainable, MaskedNumbersBecomeZeroWhateverTheyWere) {
  NetworkArrays masks;
  masks[2].resize(2, 2);
  masks[2] << 0, 1, 0, 1;
  Parameters<double> parameters(2, 1, 1);
  const Trainable<double> trainable(masks, {}, parameters);
  parameters.values().setConstant(-2);
  parameters.w_rec()(1, 0) = std::numeric_limits<double>::quiet_NaN();
  trainable.Mask(parameters);
  Eigen::Matrix2d expected;
  expected << 0, -2, 0, -2;
  EXPECT_EQ(Eigen::Matrix2d(parameters.w_rec()), expected);
  EXPECT_FALSE(std::signbit(parameters.w_rec()(0, 0)));
  EXPECT_EQ(parameters.w_in()(0, 0), -2);
}

}  // namespace
}  // namespace modbound
