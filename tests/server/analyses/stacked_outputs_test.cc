#include "server/analyses/stacked_outputs.h"

#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

using testing::ElementsAre;
using testing::IsNan;

PlannedOutput Planned(DTypeEnum dtype, std::vector<int64_t> shape) {
  PlannedOutput output;
  output.name = "x";
  output.dtype = dtype;
  output.shape = std::move(shape);
  output.axes.assign(output.shape.size(), "axis");
  return output;
}

// 1, 2, 3, ... of this shape.
HostArray Counted(std::vector<int64_t> shape) {
  HostArray array(v1::DType::FLOAT64, std::move(shape));
  auto* values = reinterpret_cast<double*>(array.mutable_data());
  std::iota(values, values + array.size(), 1);
  return array;
}

// (2, 2, 2) in the corner of (2, 3, 2), and (1, 3, 1), by hand.
TEST(StackedOutputs, FillUpEveryAxisToTheLongest) {
  StackedOutputs outputs({Planned(v1::DType::FLOAT64, {-1, -1, -1})}, 3);
  ASSERT_TRUE(outputs.Set(0, {{"x", Counted({2, 2, 2})}}).ok());
  ASSERT_TRUE(outputs.Set(2, {{"x", Counted({1, 3, 1})}}).ok());
  outputs.SetMissing(1);
  const HostArray stacked = std::move(outputs).Take().at("x");
  EXPECT_THAT(stacked.shape(), ElementsAre(3, 2, 3, 2));
  EXPECT_THAT(stacked.axes(), ElementsAre("network", "axis", "axis", "axis"));
  const std::vector<double> values = stacked.ToDoubles();
  const double n = 0;  // for nothing
  const std::vector<double> expected = {
      1, 2, 3, 4, n, n, 5, 6, 7, 8, n, n,   // network 0
      n, n, n, n, n, n, n, n, n, n, n, n,   // network 1
      1, n, 2, n, 3, n, n, n, n, n, n, n};  // network 2
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == n) {
      EXPECT_THAT(values[i], IsNan()) << i;
    } else {
      EXPECT_EQ(values[i], expected[i]) << i;
    }
  }
}

TEST(StackedOutputs, StandForNothingByType) {
  for (const auto& [dtype, nothing] :
       std::vector<std::pair<DTypeEnum, double>>{{v1::DType::INT32, -1},
                                                 {v1::DType::INT64, -1},
                                                 {v1::DType::UINT8, 0},
                                                 {v1::DType::BOOL, 0}}) {
    StackedOutputs outputs({Planned(dtype, {2})}, 2);
    HostArray ones(dtype, {2});
    ASSERT_TRUE(outputs.Set(0, {{"x", ones}}).ok());
    ASSERT_TRUE(outputs.Set(1, {{"x", ones}}).ok());
    outputs.SetMissing(1);
    EXPECT_THAT(std::move(outputs).Take().at("x").ToDoubles(),
                ElementsAre(0, 0, nothing, nothing));
  }
  StackedOutputs floats({Planned(v1::DType::FLOAT32, {1})}, 1);
  floats.SetMissing(0);
  EXPECT_THAT(std::move(floats).Take().at("x").ToDoubles(),
              ElementsAre(IsNan()));
}

TEST(StackedOutputs, OfNoElementsStack) {
  StackedOutputs outputs({Planned(v1::DType::FLOAT64, {0, 3})}, 2);
  for (const int64_t network : {0, 1}) {
    ASSERT_TRUE(outputs.Set(network, {{"x", Counted({0, 3})}}).ok());
  }
  EXPECT_THAT(std::move(outputs).Take().at("x").shape(), ElementsAre(2, 0, 3));
  StackedOutputs unknown({Planned(v1::DType::FLOAT64, {-1, 3})}, 2);
  ASSERT_TRUE(unknown.Set(0, {{"x", Counted({0, 3})}}).ok());
  ASSERT_TRUE(unknown.Set(1, {{"x", Counted({1, 3})}}).ok());
  EXPECT_THAT(std::move(unknown).Take().at("x").ToDoubles(),
              ElementsAre(IsNan(), IsNan(), IsNan(), 1, 2, 3));
}

TEST(StackedOutputs, RefuseWhatWasNotPlanned) {
  const auto refusal = [](std::map<std::string, HostArray> made) {
    StackedOutputs outputs({Planned(v1::DType::FLOAT64, {2, -1})}, 1);
    return outputs.Set(0, std::move(made)).code();
  };
  EXPECT_EQ(refusal({{"x", Counted({2, 5})}}), absl::StatusCode::kOk);
  EXPECT_EQ(refusal({}), absl::StatusCode::kInternal);
  EXPECT_EQ(refusal({{"x", Counted({3, 5})}}), absl::StatusCode::kInternal);
  EXPECT_EQ(refusal({{"x", Counted({2})}}), absl::StatusCode::kInternal);
  EXPECT_EQ(refusal({{"x", HostArray(v1::DType::INT32, {2, 5})}}),
            absl::StatusCode::kInternal);
  EXPECT_EQ(refusal({{"x", Counted({2, 5})}, {"y", Counted({1})}}),
            absl::StatusCode::kInternal);
}

TEST(StackedOutputs, ComeBackFromTheirStateAndNotFromAPartOfIt) {
  const std::vector<PlannedOutput> planned = {
      Planned(v1::DType::FLOAT64, {2}), Planned(v1::DType::FLOAT64, {-1, 2})};
  std::vector<PlannedOutput> named = planned;
  named[1].name = "y";
  StackedOutputs outputs(named, 2);
  ASSERT_TRUE(
      outputs.Set(1, {{"x", Counted({2})}, {"y", Counted({3, 2})}}).ok());
  StateWriter writer;
  outputs.Save(1, writer);
  const std::string state = std::move(writer).Take();
  StackedOutputs again(named, 2);
  StateReader reader(state);
  ASSERT_TRUE(again.Load(1, reader));
  again.SetMissing(0);
  const auto arrays = std::move(again).Take();
  EXPECT_THAT(arrays.at("x").ToDoubles(), ElementsAre(IsNan(), IsNan(), 1, 2));
  EXPECT_EQ(arrays.at("y").At(11), 6);
  for (std::size_t size = 0; size < state.size(); ++size) {
    StackedOutputs torn(named, 2);
    StateReader part(std::string_view(state).substr(0, size));
    EXPECT_FALSE(torn.Load(1, part)) << size;
  }
}

}  // namespace
}  // namespace modbound
