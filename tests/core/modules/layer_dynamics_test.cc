#include "core/modules/layer_dynamics.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

// Unit 0 stays, 1 changes at the second of two steps, 2 at both and back.
const std::vector<Labels>& Layers() {
  static const auto* const kLayers =
      new std::vector<Labels>{{0, 0, 1}, {0, 0, 2}, {0, 1, 1}};
  return *kLayers;
}

TEST(Flexibility, IsTheShareOfStepsWithAChange) {
  EXPECT_EQ(Flexibility(Layers()), (Vector{{0, .5, 1}}));
  EXPECT_EQ(Flexibility({{0, 1}}), (Vector{{0, 0}}));
}

TEST(Allegiance, IsTheShareOfLayersTogether) {
  // 0 and 1 in layers 0 and 1, 1 and 2 in layer 2, 0 and 2 never.
  Matrix expected{{1, 2. / 3, 0}, {2. / 3, 1, 1. / 3}, {0, 1. / 3, 1}};
  EXPECT_TRUE(Allegiance(Layers()).isApprox(expected, 1e-15));
}

TEST(Promiscuity, IsTheShareOfModulesEverVisited) {
  // Modules 0, 1, 2; unit 0 is in 0, unit 1 in 0 and 1, unit 2 in 1 and 2.
  EXPECT_TRUE(
      Promiscuity(Layers()).isApprox(Vector{{1. / 3, 2. / 3, 2. / 3}}, 1e-15));
}

}  // namespace
}  // namespace modbound
