#include "server/arrays/array.h"

#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(HostArray, FromMatrixKeepsRowsAndValues) {
  Matrix matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 0.1;
  const HostArray doubles = HostArray::FromMatrix(matrix, {"unit", "channel"});
  EXPECT_EQ(doubles.dtype(), v1::DType::FLOAT64);
  EXPECT_EQ(doubles.shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(doubles.axes(), (std::vector<std::string>{"unit", "channel"}));
  EXPECT_EQ(doubles.ToMatrix(), matrix);
  const HostArray floats =
      HostArray::FromMatrix(matrix, {}, v1::DType::FLOAT32);
  EXPECT_EQ(floats.dtype(), v1::DType::FLOAT32);
  EXPECT_EQ(floats.shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(floats.size_bytes(), 24);
  EXPECT_EQ(floats.ToMatrix(), Matrix(matrix.cast<float>().cast<double>()));
}

TEST(HostArray, FromMatrixOfOneAxisIsAVector) {
  const Matrix column = Matrix::Constant(3, 1, 0.5);
  for (const DTypeEnum dtype : {v1::DType::FLOAT32, v1::DType::FLOAT64}) {
    const HostArray array = HostArray::FromMatrix(column, {"unit"}, dtype);
    EXPECT_EQ(array.shape(), std::vector<int64_t>{3});
    EXPECT_EQ(array.ToVector(), Vector::Constant(3, 0.5));
  }
}

TEST(HostArray, FromIntsTakesAnyRowOfNumbers) {
  const std::vector<int32_t> values = {-1, 0, 2147483647, 3};
  EXPECT_EQ(HostArray::FromInts(values, {2, 2}, {}).ToLabels(), values);
  EXPECT_EQ(HostArray::FromInts({-1, 0, 2147483647, 3}, {4}, {}).ToLabels(),
            values);
}

}  // namespace
}  // namespace modbound
