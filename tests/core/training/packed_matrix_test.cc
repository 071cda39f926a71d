#include "core/training/packed_matrix.h"

#include <vector>

#include "core/training/panels.h"
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

// result + the product, in a buffer whose columns are filled up as they must
// be.
template <typename Scalar>
Dense<Scalar> Added(const PackedMatrix<Scalar>& packed,
                    const Dense<Scalar>& right,
                    const Dense<Scalar>& result) {
  Dense<Scalar> buffer = Dense<Scalar>::Zero(
      internal::PaddedRows<Scalar>(result.rows()), result.cols());
  buffer.topRows(result.rows()) = result;
  packed.MultiplyAdd(
      right.data(), right.rows(), right.cols(), buffer.data(), buffer.rows());
  EXPECT_TRUE(
      buffer.bottomRows(buffer.rows() - result.rows()).isZero(Scalar(0)));
  return buffer.topRows(result.rows());
}

// Of registers: also wide ones, where there are any.
std::vector<bool> Widths() {
  return internal::HasWideRegisters() ? std::vector<bool>{false, true}
                                      : std::vector<bool>{false};
}

template <typename Scalar>
class PackedMatrixTest : public testing::Test {};

using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(PackedMatrixTest, Scalars);

TYPED_TEST(PackedMatrixTest, IsTheProductForEverySize) {
  for (const bool wide : Widths()) {
    PackedMatrix<TypeParam> packed(wide);
    for (int64_t rows = 1; rows <= 60; ++rows) {
      for (const int64_t cols : {1, 2, 9}) {
        const Dense<TypeParam> left = WholeNumbers<TypeParam>(rows, cols, 7);
        packed.Pack(left);
        for (int64_t n = 1; n <= 19; ++n) {
          const Dense<TypeParam> right = WholeNumbers<TypeParam>(cols, n, 5);
          const Dense<TypeParam> result = WholeNumbers<TypeParam>(rows, n, 3);
          const Dense<TypeParam> expected = result + left * right;
          ASSERT_EQ(Added(packed, right, result), expected)
              << rows << " x " << cols << " x " << n;
        }
      }
    }
  }
}

// Numbers whose every product and sum is rounded.
TYPED_TEST(PackedMatrixTest, HasTheSameBitsWithWideRegisters) {
  if (!internal::HasWideRegisters()) {
    GTEST_SKIP() << "this machine or build has no registers of 64 bytes";
  }
  for (const int64_t rows : {1, 8, 9, 37, 64, 100, 129}) {
    for (const int64_t n : {1, 7, 16}) {
      const Dense<TypeParam> left = Dense<TypeParam>::Random(rows, 73);
      const Dense<TypeParam> right = Dense<TypeParam>::Random(73, n);
      const Dense<TypeParam> result = Dense<TypeParam>::Random(rows, n);
      PackedMatrix<TypeParam> narrow(false);
      PackedMatrix<TypeParam> wide(true);
      narrow.Pack(left);
      wide.Pack(left);
      EXPECT_EQ(Added(wide, right, result), Added(narrow, right, result))
          << rows << " x " << n;
    }
  }
}

TYPED_TEST(PackedMatrixTest, TakesATransposedMatrix) {
  const Dense<TypeParam> matrix = WholeNumbers<TypeParam>(13, 29, 7);
  const Dense<TypeParam> right = WholeNumbers<TypeParam>(13, 3, 5);
  PackedMatrix<TypeParam> packed;
  packed.PackTransposed(matrix);
  const Dense<TypeParam> zero = Dense<TypeParam>::Zero(29, 3);
  EXPECT_EQ(Added(packed, right, zero),
            Dense<TypeParam>(matrix.transpose() * right));
}

TYPED_TEST(PackedMatrixTest, AColumnDoesNotDependOnItsNeighbours) {
  const Dense<TypeParam> matrix = Dense<TypeParam>::Random(37, 37);
  const Dense<TypeParam> right = Dense<TypeParam>::Random(37, 7);
  PackedMatrix<TypeParam> packed;
  packed.Pack(matrix);
  const Dense<TypeParam> all =
      Added(packed, right, Dense<TypeParam>::Zero(37, 7).eval());
  for (int64_t c = 0; c < 7; ++c) {
    const Dense<TypeParam> one = right.col(c);
    EXPECT_EQ(Added(packed, one, Dense<TypeParam>::Zero(37, 1).eval()),
              all.col(c))
        << c;
  }
}

}  // namespace
}  // namespace modbound
