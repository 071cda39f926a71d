#include "core/modules/iterated.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "core/modules/labels.h"
#include "core/modules/leiden.h"

namespace modbound {
namespace {

// Nodes of the modules chosen each become a module. labels: no gaps; nor has
// the result.
Labels DissolveModules(const Labels& labels,
                       int32_t modules,
                       RandomStream& stream) {
  const int32_t count = NumModules(labels);
  std::vector<int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  stream.Shuffle(order);
  std::vector<uint8_t> dissolved(order.size(), 0);
  for (int32_t i = 0; i < std::min(modules, count); ++i) {
    dissolved[order[i]] = 1;
  }
  Labels result = labels;
  int32_t next = count;
  for (int32_t& label : result) {
    if (dissolved[label] != 0) {
      label = next++;
    }
  }
  return CompactLabels(result);
}

}  // namespace

absl::Status Iterated(const ModularityProblem& problem,
                      LocalMoves& moves,
                      RandomStream& stream,
                      const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(Leiden(problem, moves, stream, execution));
  Labels best = CompactLabels(moves.labels());
  MODBOUND_ASSIGN_OR_RETURN(std::vector<double> highest,
                            problem.Qualities({best}, execution));
  int fruitless = 0;
  for (int restart = 0;
       restart < kMaxRestarts && fruitless < kFruitlessRestarts;
       ++restart) {
    moves.Assign(DissolveModules(best, 3 - restart % 3, stream), execution);
    MODBOUND_RETURN_IF_ERROR(Leiden(problem, moves, stream, execution));
    Labels found = CompactLabels(moves.labels());
    MODBOUND_ASSIGN_OR_RETURN(std::vector<double> quality,
                              problem.Qualities({found}, execution));
    ++fruitless;
    if (quality[0] - highest[0] > problem.gain_floor()) {
      highest = std::move(quality);
      best = std::move(found);
      fruitless = 0;
    }
  }
  moves.Assign(best, execution);
  return absl::OkStatus();
}

}  // namespace modbound
