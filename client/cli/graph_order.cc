#include "client/cli/graph_order.h"

#include <functional>
#include <map>
#include <queue>
#include <set>
#include <string>

namespace modbound {

std::vector<size_t> OrderOfEnds(const v1::SubmitGraphRequest& graph) {
  const auto size = static_cast<size_t>(graph.nodes_size());
  const auto node = [&](size_t i) -> const v1::SubmitGraphRequest::Node& {
    return graph.nodes(static_cast<int>(i));
  };
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < size; ++i) {
    by_name.emplace(node(i).name(), i);
  }
  std::vector<std::vector<size_t>> users(size);
  std::vector<size_t> waits_for(size, 0);
  for (size_t i = 0; i < size; ++i) {
    std::set<size_t> sources;
    for (const auto& [name, array] : node(i).job().inputs()) {
      const auto source = by_name.find(array.output().job());
      if (source != by_name.end() && sources.insert(source->second).second) {
        users[source->second].push_back(i);
        ++waits_for[i];
      }
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < size; ++i) {
    if (waits_for[i] == 0) {
      ready.push(i);
    }
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const size_t user : users[next]) {
      if (--waits_for[user] == 0) {
        ready.push(user);
      }
    }
  }
  for (size_t i = 0; i < size; ++i) {
    if (waits_for[i] > 0) {
      order.push_back(i);
    }
  }
  return order;
}

}  // namespace modbound
