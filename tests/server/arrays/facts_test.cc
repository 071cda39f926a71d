#include "server/arrays/facts.h"

#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Facts, OfASymmetricBinaryMatrix) {
  const auto facts =
      ScanFacts(HostArray::FromDoubles({0, 1, 1, 0}, {2, 2}, {}));
  EXPECT_TRUE(facts.finite());
  EXPECT_TRUE(facts.binary());
  EXPECT_TRUE(facts.whole());
  EXPECT_EQ(facts.min(), 0);
  EXPECT_EQ(facts.max(), 1);
  EXPECT_EQ(facts.max_asymmetry(), 0);
  EXPECT_EQ(facts.asymmetry_row(), -1);
}

TEST(Facts, NameTheFirstValueThatIsNotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto facts =
      ScanFacts(HostArray::FromDoubles({1, 2, inf, -inf}, {4}, {}));
  EXPECT_FALSE(facts.finite());
  EXPECT_EQ(facts.first_not_finite(), 2);
  EXPECT_EQ(facts.max(), 2);
}

TEST(Facts, NameTheWorstPairOfAnAsymmetricMatrixAcrossTiles) {
  Matrix matrix = Matrix::Zero(150, 150);
  matrix(3, 140) = 0.25;
  matrix(7, 9) = 0.125;
  const auto facts = ScanFacts(HostArray::FromMatrix(matrix, {}));
  EXPECT_EQ(facts.asymmetry_row(), 3);
  EXPECT_EQ(facts.asymmetry_column(), 140);
  EXPECT_EQ(facts.max_asymmetry(), 0.25);
}

TEST(Facts, AreNotScannedOnceStopped) {
  StopFlag stop;
  const HostArray vector = HostArray::FromDoubles({1, 2}, {2}, {});
  EXPECT_EQ(ScanFacts(vector, &stop)->max(), 2);
  stop.Stop();
  EXPECT_TRUE(absl::IsCancelled(ScanFacts(vector, &stop).status()));
}

TEST(Facts, RoundingOfTheStoredTypeIsNoAsymmetry) {
  Matrix matrix = Matrix::Ones(2, 2);
  matrix(0, 1) += 1e-15;
  const auto as_double = ScanFacts(HostArray::FromMatrix(matrix, {}));
  EXPECT_TRUE(RequireSymmetric(as_double, v1::DType::FLOAT64, "m").ok());
  matrix(0, 1) = 1 + 1e-6;
  const auto facts = ScanFacts(HostArray::FromMatrix(matrix, {}));
  EXPECT_TRUE(RequireSymmetric(facts, v1::DType::FLOAT32, "m").ok());
  EXPECT_EQ(ReasonOf(RequireSymmetric(facts, v1::DType::FLOAT64, "m")),
            "NOT_SYMMETRIC");
}

TEST(Facts, LabelsAreWholeNumbersFromMinusOne) {
  const auto check = [](std::vector<double> values) {
    const auto size = static_cast<int64_t>(values.size());
    return ReasonOf(
        RequireLabels(ScanFacts(HostArray::FromDoubles(values, {size}, {})),
                      "inputs.labels"));
  };
  EXPECT_EQ(check({-2, 0}), "BAD_LABELS");
  EXPECT_EQ(check({0.5, 0}), "BAD_LABELS");
  EXPECT_EQ(check({1000000.0, 0}), "BAD_LABELS");
  EXPECT_TRUE(
      RequireLabels(ScanFacts(HostArray::FromDoubles({-1, 0, 7}, {3}, {})), "l")
          .ok());
}

TEST(Array, CountsElementsWithoutOverflow) {
  EXPECT_EQ(NumElements({3, 4}), 12);
  EXPECT_EQ(NumElements({}), 1);
  EXPECT_EQ(NumElements({0, int64_t{1} << 62, int64_t{1} << 62}), 0);
  EXPECT_EQ(NumElements({int64_t{1} << 40, int64_t{1} << 40}), -1);
  EXPECT_EQ(NumElements({-1, 0}), -1);
}

TEST(Array, IsAlignedAndConvertsEveryType) {
  HostArray array(v1::DType::UINT8, {2, 3});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 64, 0u);
  array.mutable_data()[5] = std::byte{200};
  EXPECT_EQ(array.ToMatrix()(1, 2), 200);
  EXPECT_EQ(HostArray::FromInts({-1, 7}, {2}, {}).ToLabels(), (Labels{-1, 7}));
}

}  // namespace
}  // namespace modbound
