#include "server/analyses/partition_engine.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

using Function = v1::QualityFunction;

UnitsToHold Units(v1::Similarity::Measure similarity,
                  DTypeEnum dtype,
                  int64_t units,
                  int64_t values) {
  UnitsToHold held;
  held.similarity = similarity;
  held.quality = Function::NEGATIVE_SYM;
  held.dtype = dtype;
  held.units = units;
  held.values = values;
  return held;
}

TEST(PartitionEngine, OfAGivenMatrixFollowsItsTypeAndSize) {
  const auto given = [](DTypeEnum dtype, int64_t N) {
    return Units(v1::Similarity::GIVEN, dtype, N, N);
  };
  EXPECT_EQ(EngineOf(given(v1::DType::FLOAT32, 4096)),
            PartitionEngine::kDoubles);
  UnitsToHold symmetric = given(v1::DType::FLOAT32, 4096);
  symmetric.symmetric = true;
  EXPECT_EQ(EngineOf(symmetric), PartitionEngine::kDoubles);
  symmetric.one_run = true;
  EXPECT_EQ(EngineOf(symmetric), PartitionEngine::kFloats);
  EXPECT_EQ(EngineOf(given(v1::DType::FLOAT32, 4097)),
            PartitionEngine::kFloats);
  EXPECT_EQ(EngineOf(given(v1::DType::FLOAT64, 4097)),
            PartitionEngine::kDoubles);
  UnitsToHold custom = given(v1::DType::FLOAT32, 4097);
  custom.quality = Function::CUSTOM;
  EXPECT_EQ(EngineOf(custom), PartitionEngine::kDoubles);
  UnitsToHold sweep = given(v1::DType::FLOAT32, 4097);
  sweep.wants_matrix = true;
  EXPECT_EQ(EngineOf(sweep), PartitionEngine::kMatrix);
}

TEST(PartitionEngine, OfUnitsStoresNoProductsAboveALimit) {
  UnitsToHold units =
      Units(v1::Similarity::CORRELATION, v1::DType::FLOAT32, 16385, 1100);
  EXPECT_EQ(EngineOf(units), PartitionEngine::kFactor);
  units.quality = Function::NEGATIVE_ASYM;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kFloatProducts);
  units.dtype = v1::DType::FLOAT64;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kFactor);
  units.dtype = v1::DType::FLOAT32;
  units.units = 32769;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kFactor);
}

TEST(PartitionEngine, OfUnitsStoresThemWhereItMustOrMay) {
  const UnitsToHold large =
      Units(v1::Similarity::COSINE, v1::DType::FLOAT64, 20000, 1100);
  ASSERT_EQ(EngineOf(large), PartitionEngine::kFactor);
  UnitsToHold units = large;
  units.units = 16384;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
  units = large;
  units.wants_matrix = true;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
  units = large;
  units.similarity = v1::Similarity::HAMMING;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
  units = large;
  units.values = 10001;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
  units = large;
  units.quality = Function::POTTS;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
  units = large;
  units.units = units.values = -1;
  EXPECT_EQ(EngineOf(units), PartitionEngine::kMatrix);
}

}  // namespace
}  // namespace modbound
