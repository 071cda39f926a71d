#include "server/jobs/graph_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GraphOrder, PutsNeedsFirstAndKeepsTheOrderOtherwise) {
  // 0 needs 3, 3 needs 1; 2 is free.
  const auto order = GraphOrder({{3}, {}, {}, {1}}, {"a", "b", "c", "d"});
  ASSERT_TRUE(order.ok());
  EXPECT_THAT(*order, ElementsAre(1, 2, 3, 0));
}

TEST(GraphOrder, TakesTheSameNeedTwice) {
  const auto order = GraphOrder({{1, 1}, {}}, {"a", "b"});
  ASSERT_TRUE(order.ok());
  EXPECT_THAT(*order, ElementsAre(1, 0));
}

TEST(GraphOrder, NamesTheNodesOfACycleOnly) {
  // d hangs on the cycle b -> c -> b without being part of it.
  const auto order = GraphOrder({{}, {2}, {1, 0}, {1}}, {"a", "b", "c", "d"});
  EXPECT_EQ(ReasonOf(order.status()), "CYCLE");
  EXPECT_EQ(FieldOf(order.status()), "nodes[1].job.inputs");
  EXPECT_THAT(std::string(order.status().message()),
              HasSubstr("b needs c needs b"));
}

TEST(GraphOrder, RefusesANodeThatNeedsItself) {
  const auto order = GraphOrder({{}, {1}}, {"a", "b"});
  EXPECT_EQ(ReasonOf(order.status()), "CYCLE");
  EXPECT_THAT(std::string(order.status().message()), HasSubstr("b needs b"));
}

TEST(GraphOrder, OrdersALongChainWithoutRecursion) {
  constexpr std::size_t kNodes = 10000;
  std::vector<std::vector<std::size_t>> needs(kNodes);
  for (std::size_t i = 0; i + 1 < kNodes; ++i) {
    needs[i] = {i + 1};
  }
  const auto order =
      GraphOrder(needs, std::vector<std::string>(kNodes, "node"));
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->front(), kNodes - 1);
  EXPECT_EQ(order->back(), 0u);
}

TEST(GraphOrder, ShowsOnlyTheStartOfALongCycle) {
  constexpr std::size_t kNodes = 10000;
  std::vector<std::vector<std::size_t>> needs(kNodes);
  for (std::size_t i = 0; i < kNodes; ++i) {
    needs[i] = {(i + 1) % kNodes};
  }
  const auto order =
      GraphOrder(needs, std::vector<std::string>(kNodes, "node"));
  EXPECT_EQ(ReasonOf(order.status()), "CYCLE");
  EXPECT_THAT(std::string(order.status().message()),
              HasSubstr("9990 more nodes"));
}

}  // namespace
}  // namespace modbound
