#include "core/modules/louvain.h"

#include "core/modules/aggregate.h"

namespace modbound {
namespace {

// Each round but the last raises Q: an end even if rounding hid that.
constexpr int kMaxLouvainRounds = 100;

}  // namespace

// A coarser level has fewer nodes or is left alone: the recursion ends. Of more
// modules than MostAggregated none is made: they move node by node alone.
absl::Status Louvain(const ModularityProblem& problem,
                     LocalMoves& moves,
                     RandomStream& stream,
                     const Execution& execution) {
  for (int round = 0; round < kMaxLouvainRounds; ++round) {
    MODBOUND_RETURN_IF_ERROR(moves.Run(stream, execution).status());
    const int64_t modules = moves.num_modules();
    if (modules == problem.size() || modules <= 1 ||
        modules > MostAggregated(problem.size())) {
      return absl::OkStatus();
    }
    const ModularityProblem coarse = moves.Aggregate(execution);
    LocalMoves merges(coarse);
    MODBOUND_RETURN_IF_ERROR(Louvain(coarse, merges, stream, execution));
    moves.Merge(merges.labels());
    if (moves.num_modules() == modules) {
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
