#include "core/training/packed_matrix.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

template <typename Scalar>
using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

// Small whole numbers: every sum is exact in both precisions, so the product
// must be equal, not close.
template <typename Scalar>
Dense<Scalar> WholeNumbers(int64_t rows, int64_t cols, int64_t step) {
  Dense<Scalar> values(rows, cols);
  for (int64_t i = 0; i < values.size(); ++i) {
    values.data()[i] = static_cast<Scalar>((i * step) % 17 - 8);
  }
  return values;
}

template <typename Scalar>
class PackedMatrixTest : public testing::Test {};

using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(PackedMatrixTest, Scalars);

TYPED_TEST(PackedMatrixTest, IsTheProductForEverySize) {
  PackedMatrix<TypeParam> packed;
  for (int64_t rows = 1; rows <= 60; ++rows) {
    for (const int64_t cols : {1, 2, 9}) {
      const Dense<TypeParam> left = WholeNumbers<TypeParam>(rows, cols, 7);
      packed.Pack(left);
      for (int64_t n = 1; n <= 9; ++n) {
        const Dense<TypeParam> right = WholeNumbers<TypeParam>(cols, n, 5);
        Dense<TypeParam> result = WholeNumbers<TypeParam>(rows, n, 3);
        const Dense<TypeParam> expected = result + left * right;
        packed.MultiplyAdd(right.data(), n, result.data());
        ASSERT_EQ(result, expected) << rows << " x " << cols << " x " << n;
      }
    }
  }
}

TYPED_TEST(PackedMatrixTest, TakesATransposedMatrix) {
  const Dense<TypeParam> matrix = WholeNumbers<TypeParam>(13, 29, 7);
  const Dense<TypeParam> right = WholeNumbers<TypeParam>(13, 3, 5);
  PackedMatrix<TypeParam> packed;
  packed.Pack(matrix.transpose());
  Dense<TypeParam> result = Dense<TypeParam>::Zero(29, 3);
  packed.MultiplyAdd(right.data(), 3, result.data());
  EXPECT_EQ(result, Dense<TypeParam>(matrix.transpose() * right));
}

TYPED_TEST(PackedMatrixTest, AColumnDoesNotDependOnItsNeighbours) {
  const Dense<TypeParam> matrix = Dense<TypeParam>::Random(37, 37);
  const Dense<TypeParam> right = Dense<TypeParam>::Random(37, 7);
  PackedMatrix<TypeParam> packed;
  packed.Pack(matrix);
  Dense<TypeParam> all = Dense<TypeParam>::Zero(37, 7);
  packed.MultiplyAdd(right.data(), 7, all.data());
  for (int64_t c = 0; c < 7; ++c) {
    Dense<TypeParam> one = Dense<TypeParam>::Zero(37, 1);
    packed.MultiplyAdd(right.col(c).data(), 1, one.data());
    EXPECT_EQ(one, all.col(c)) << c;
  }
}

}  // namespace
}  // namespace modbound
