#include "core/representation/matrix_comparison.h"

#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

// Two pairs of alike units and a fifth unit.
SimilarityMatrix Pairs(double within, double between, bool has_fifth) {
  SimilarityMatrix similarity{Matrix::Constant(5, 5, between),
                              std::vector<uint8_t>(5, 1)};
  similarity.values(0, 1) = similarity.values(1, 0) = within;
  similarity.values(2, 3) = similarity.values(3, 2) = within;
  similarity.values.diagonal().setOnes();
  if (!has_fifth) {
    similarity.values.row(4).setZero();
    similarity.values.col(4).setZero();
    similarity.valid[4] = 0;
  }
  return similarity;
}

MatrixComparisonOptions Options(int64_t null_count) {
  MatrixComparisonOptions options;
  options.null_count = null_count;
  return options;
}

TEST(MatrixComparison, CountsUnitsOfBothOnly) {
  const auto result = CompareThroughModules(Pairs(0.9, -0.2, true),
                                            {0, 0, 1, 1, 2},
                                            Pairs(0.8, -0.4, false),
                                            Options(50),
                                            Execution());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->units, 4);
  // Both matrices hold two values only, at the same places.
  EXPECT_NEAR(result->r, 1, 1e-14);
  EXPECT_LT(result->r_all_units, 1);
  const auto expected = Quality(
      Pairs(0.8, -0.4, false).values, {0, 0, 1, 1, -1}, QualityOptions());
  EXPECT_NEAR(result->induced.quality, *expected, 1e-14);
  // A zero row adds nothing to Q.
  EXPECT_NEAR(result->induced_quality_all_units, *expected, 1e-14);
  EXPECT_EQ(result->induced.null.size(), 50);
  ASSERT_TRUE(result->induced.p.has_value());
}

TEST(MatrixComparison, UnitsTheSourceCannotPlaceAreSingletonsAmongAll) {
  const auto result = CompareThroughModules(Pairs(0.9, -0.2, false),
                                            {0, 0, 1, 1, -1},
                                            Pairs(0.8, -0.4, true),
                                            Options(0),
                                            Execution());
  ASSERT_TRUE(result.ok());
  const Matrix target = Pairs(0.8, -0.4, true).values;
  EXPECT_NEAR(result->induced.quality,
              *Quality(target, {0, 0, 1, 1, -1}, QualityOptions()),
              1e-14);
  EXPECT_NEAR(result->induced_quality_all_units,
              *Quality(target, {0, 0, 1, 1, 2}, QualityOptions()),
              1e-14);
  EXPECT_FALSE(result->induced.p.has_value());
}

TEST(MatrixComparison, NoUnitInCommonIsAResult) {
  SimilarityMatrix nothing{Matrix::Zero(5, 5), std::vector<uint8_t>(5, 0)};
  const auto result = CompareThroughModules(
      nothing, Labels(5, -1), Pairs(0.8, -0.4, true), Options(3), Execution());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->units, 0);
  EXPECT_TRUE(std::isnan(result->r));
  EXPECT_TRUE(std::isnan(result->induced.quality));
  EXPECT_EQ(result->induced.null.size(), 3);
  EXPECT_FALSE(result->induced.z.has_value());
}

TEST(MatrixComparison, BlamesTheQualityFunctionForWhatItCannotTake) {
  MatrixComparisonOptions options = Options(0);
  options.quality.function = QualityFunction::kModularity;
  const absl::Status status = CompareThroughModules(Pairs(0.9, -0.2, true),
                                                    {0, 0, 1, 1, 2},
                                                    Pairs(0.8, -0.4, true),
                                                    options,
                                                    Execution())
                                  .status();
  EXPECT_EQ(ReasonOf(status), reason::kNegativeWeight);
  EXPECT_EQ(FieldOf(status), "quality");
}

}  // namespace
}  // namespace modbound
