#include "server/arrays/array.h"

#include <cstdint>
#include <memory>
#include <utility>
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

// Doubles in their own buffer, unless another array has it too.
TEST(HostArray, GivesUpItsBuffer) {
  HostArray own = HostArray::FromMatrix(Matrix::Ones(2, 3), {});
  const std::byte* const bytes = own.data();
  const std::shared_ptr<double> taken = std::move(own).TakeDoubles();
  EXPECT_EQ(static_cast<const void*>(taken.get()), bytes);
  HostArray shared = HostArray::FromMatrix(Matrix::Ones(2, 3), {});
  const HostArray other = shared;
  const std::shared_ptr<double> copy = std::move(shared).TakeDoubles();
  copy.get()[5] = 7;
  EXPECT_EQ(other.At(5), 1);
  EXPECT_EQ(copy.get()[4], 1);
}

TEST(HostArray, GivesUpDoublesOfEveryType) {
  for (const DTypeEnum dtype : {v1::DType::FLOAT64,
                                v1::DType::FLOAT32,
                                v1::DType::INT64,
                                v1::DType::INT32,
                                v1::DType::UINT8,
                                v1::DType::BOOL}) {
    HostArray array(dtype, {3, 5}, {});
    for (int64_t i = 0; i < array.size_bytes(); ++i) {
      // Small numbers of each type: bytes of 0 and 1.
      array.mutable_data()[i] = static_cast<std::byte>(i % 3 == 0 ? 1 : 0);
    }
    std::vector<double> expected;
    for (int64_t i = 0; i < 15; ++i) {
      expected.push_back(array.At(i));
    }
    EXPECT_EQ(array.ToDoubles(), expected);
    const Matrix matrix = array.ToMatrix();
    EXPECT_EQ(std::vector<double>(matrix.data(), matrix.data() + 15), expected);
    const std::shared_ptr<double> taken = std::move(array).TakeDoubles();
    EXPECT_EQ(std::vector<double>(taken.get(), taken.get() + 15), expected);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(taken.get()) % 64, 0);
  }
}

// Zeros whatever pages they are on.
TEST(HostArray, OfManyBytesIsZero) {
  const HostArray array(v1::DType::FLOAT32, {3000, 1001}, {});
  for (int64_t i = 0; i < array.size(); i += 997) {
    ASSERT_EQ(array.At(i), 0);
  }
}

}  // namespace
}  // namespace modbound
