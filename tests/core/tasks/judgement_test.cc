#include "core/tasks/judgement.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Judgement, EveryTargetMustBeMet) {
  Judgement judgement;
  judgement.steps = {4, 9};
  judgement.targets = {2, 1};
  const auto is_right = [&](std::vector<int32_t> choices) {
    return judgement.IsRight(choices.data());
  };
  EXPECT_TRUE(is_right({2, 1}));
  EXPECT_FALSE(is_right({2, 2}));
  EXPECT_FALSE(is_right({1, 1}));
  const std::vector<int32_t> three = {3};
  EXPECT_TRUE(Judgement::AtStep(7, 3).IsRight(three.data()));
  EXPECT_FALSE(Judgement::AtStep(7, 2).IsRight(three.data()));
}

TEST(Judgement, TheFirstResponseMustBeInTime) {
  Judgement judgement;
  judgement.steps = {10, 11, 12, 13};
  judgement.response = 1;
  judgement.earliest = 1;
  judgement.latest = 2;
  const auto is_right = [&](std::vector<int32_t> choices) {
    return judgement.IsRight(choices.data());
  };
  EXPECT_TRUE(is_right({0, 1, 0, 0}));
  EXPECT_TRUE(is_right({0, 0, 1, 1}));
  EXPECT_FALSE(is_right({1, 1, 1, 1}));  // too early
  EXPECT_FALSE(is_right({0, 0, 0, 1}));  // too late
  EXPECT_FALSE(is_right({0, 0, 0, 0}));
  // No response is wrong even where any time would do.
  judgement.earliest = -5;
  judgement.latest = 100;
  EXPECT_FALSE(is_right({0, 0, 0, 0}));
  EXPECT_TRUE(is_right({1, 0, 0, 0}));
}

}  // namespace
}  // namespace modbound
