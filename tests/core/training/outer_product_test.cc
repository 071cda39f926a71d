#include "core/training/outer_product.h"

#include "Eigen/Core"
#include "core/training/panels.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

template <typename Scalar>
class OuterProductTest : public testing::Test {};

using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(OuterProductTest, Precisions);

// Small whole numbers: every sum is exact in both precisions, so the product
// must be equal, not close. The longest is cut in pieces.
TYPED_TEST(OuterProductTest, IsTheProductForEverySize) {
  using Dense = Eigen::Matrix<TypeParam, Eigen::Dynamic, Eigen::Dynamic>;
  for (const int64_t depth : {1, 7, 300}) {
    for (int64_t rows = 1; rows <= 60; rows += 1 + rows / 20) {
      const int64_t stride = internal::PaddedRows<TypeParam>(rows);
      for (int64_t n = 1; n <= 19; ++n) {
        Dense left(stride, depth);
        Dense right(n + 2, depth);
        for (int64_t k = 0; k < depth; ++k) {
          for (int64_t i = 0; i < stride; ++i) {
            left(i, k) = static_cast<TypeParam>((7 * i + 3 * k) % 17 - 8);
          }
          for (int64_t i = 0; i < n + 2; ++i) {
            right(i, k) = static_cast<TypeParam>((5 * i + 11 * k) % 13 - 6);
          }
        }
        Dense result = Dense::Constant(stride, n, 3);
        const Dense expected = (result + left * right.topRows(n).transpose());
        AddOuterProducts(left.data(),
                         stride,
                         rows,
                         right.data(),
                         n + 2,
                         n,
                         depth,
                         result.data(),
                         stride);
        ASSERT_EQ(result.topRows(rows), expected.topRows(rows))
            << rows << " x " << n << " of " << depth;
      }
    }
  }
}

// Numbers whose every product and sum is rounded.
TYPED_TEST(OuterProductTest, HasTheSameBitsWithWideRegisters) {
  using Dense = Eigen::Matrix<TypeParam, Eigen::Dynamic, Eigen::Dynamic>;
  if (!internal::HasWideRegisters()) {
    GTEST_SKIP() << "this machine or build has no registers of 64 bytes";
  }
  constexpr int64_t kDepth = 400;
  for (const int64_t rows : {1, 8, 9, 37, 64, 100, 129}) {
    const int64_t stride = internal::PaddedRows<TypeParam>(rows);
    for (const int64_t n : {1, 3, 15, 100}) {
      const Dense left = Dense::Random(stride, kDepth);
      const Dense right = Dense::Random(n, kDepth);
      const auto product = [&](bool wide) {
        Dense result = Dense::Zero(stride, n);
        AddOuterProducts(left.data(),
                         stride,
                         rows,
                         right.data(),
                         n,
                         n,
                         kDepth,
                         result.data(),
                         stride,
                         wide);
        return result;
      };
      EXPECT_EQ(product(true), product(false)) << rows << " x " << n;
    }
  }
}

}  // namespace
}  // namespace modbound
