#include "server/jobs/graph_order.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

using Edges = std::vector<std::vector<std::size_t>>;

// A cycle among the nodes that could not be ordered: each of them needs another
// of them, so following needs comes back somewhere.
std::vector<std::size_t> FindCycle(const Edges& needs,
                                   const std::vector<std::size_t>& missing) {
  const auto stuck = [&](std::size_t node) { return missing[node] > 0; };
  std::size_t node = 0;
  while (!stuck(node)) {
    ++node;
  }
  std::vector<std::size_t> path;
  std::vector<std::size_t> position(needs.size(), needs.size());
  while (position[node] == needs.size()) {
    position[node] = path.size();
    path.push_back(node);
    node = *std::find_if(needs[node].begin(), needs[node].end(), stuck);
  }
  path.erase(path.begin(),
             path.begin() + static_cast<std::ptrdiff_t>(position[node]));
  std::rotate(
      path.begin(), std::min_element(path.begin(), path.end()), path.end());
  return path;
}

absl::Status CycleError(const std::vector<std::size_t>& cycle,
                        const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(cycle.size(), kShown); ++i) {
    absl::StrAppend(&text, names[cycle[i]], " needs ");
  }
  if (cycle.size() > kShown) {
    absl::StrAppend(
        &text, "(", cycle.size() - kShown, " more nodes), the last of them ");
  }
  absl::StrAppend(&text, names[cycle.front()]);
  return Refuse("CYCLE",
                absl::StrCat("nodes[", cycle.front(), "].job.inputs"),
                absl::StrCat("nodes depend on each other in a circle: ", text));
}

}  // namespace

absl::StatusOr<std::vector<std::size_t>> GraphOrder(
    const Edges& needs, const std::vector<std::string>& names) {
  Edges needed_by(needs.size());
  std::vector<std::size_t> missing(needs.size());
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>>
      free;
  for (std::size_t i = 0; i < needs.size(); ++i) {
    missing[i] = needs[i].size();
    for (const std::size_t need : needs[i]) {
      needed_by[need].push_back(i);
    }
    if (missing[i] == 0) {
      free.push(i);
    }
  }
  std::vector<std::size_t> order;
  while (!free.empty()) {
    order.push_back(free.top());
    free.pop();
    for (const std::size_t dependent : needed_by[order.back()]) {
      if (--missing[dependent] == 0) {
        free.push(dependent);
      }
    }
  }
  if (order.size() < needs.size()) {
    return CycleError(FindCycle(needs, missing), names);
  }
  return order;
}

}  // namespace modbound
