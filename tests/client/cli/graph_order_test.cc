#include "client/cli/graph_order.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

// Nodes "0", "1", ... of which each takes outputs of those listed.
v1::SubmitGraphRequest Graph(const std::vector<std::vector<int>>& sources) {
  v1::SubmitGraphRequest graph;
  for (const std::vector<int>& list : sources) {
    auto& node = *graph.add_nodes();
    node.set_name(std::to_string(graph.nodes_size() - 1));
    for (const int source : list) {
      const std::string input = "input" + std::to_string(source);
      (*node.mutable_job()->mutable_inputs())[input].mutable_output()->set_job(
          std::to_string(source));
    }
  }
  return graph;
}

TEST(OrderOfEnds, PutsSourcesFirstAndElseKeepsTheOrder) {
  EXPECT_EQ(OrderOfEnds(Graph({{}, {}, {}})), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(OrderOfEnds(Graph({{2}, {}, {1}})), (std::vector<size_t>{1, 2, 0}));
  EXPECT_EQ(OrderOfEnds(Graph({{1, 2}, {}, {}})),
            (std::vector<size_t>{1, 2, 0}));
}

TEST(OrderOfEnds, HasEveryNodeAlsoOfACircleOrWithAnUnknownSource) {
  EXPECT_EQ(OrderOfEnds(Graph({{1}, {0}, {}})), (std::vector<size_t>{2, 0, 1}));
  EXPECT_EQ(OrderOfEnds(Graph({{9}, {}})), (std::vector<size_t>{0, 1}));
}

}  // namespace
}  // namespace modbound
