#include "core/modules/louvain.h"

#include "core/modules/aggregate.h"

namespace modbound {
namespace {

// Each round but the last raises Q: an end even if rounding hid that.
constexpr int kMaxLouvainRounds = 100;

// One round on the coarser level. Of too many modules for it, those of one
// node, such as units without weights, move on this level alone; of more others
// than MostAggregated all do.
absl::Status MoveModules(const ModularityProblem& problem,
                         LocalMoves& moves,
                         RandomStream& stream,
                         const Execution& execution) {
  const int64_t modules = moves.num_modules();
  if (modules <= MostAggregated(problem.size())) {
    const ModularityProblem coarse = moves.Aggregate(execution);
    LocalMoves merges(coarse);
    MODBOUND_RETURN_IF_ERROR(Louvain(coarse, merges, stream, execution));
    moves.Merge(merges.labels());
    return absl::OkStatus();
  }
  if (moves.num_pairs() > MostAggregated(problem.size())) {
    return absl::OkStatus();
  }
  const LocalMoves::Pairs pairs = moves.AggregatePairs(execution);
  LocalMoves merges(pairs.problem);
  MODBOUND_RETURN_IF_ERROR(Louvain(pairs.problem, merges, stream, execution));
  // Behind those of the pairs, the labels of all others.
  Labels merged(static_cast<std::size_t>(modules), -1);
  for (std::size_t p = 0; p < pairs.modules.size(); ++p) {
    merged[pairs.modules[p]] = merges.labels()[p];
  }
  auto next = static_cast<int32_t>(pairs.modules.size());
  for (int32_t& label : merged) {
    label = label < 0 ? next++ : label;
  }
  moves.Merge(merged);
  return absl::OkStatus();
}

}  // namespace

// A coarser level has fewer nodes or is left alone: the recursion ends.
absl::Status Louvain(const ModularityProblem& problem,
                     LocalMoves& moves,
                     RandomStream& stream,
                     const Execution& execution) {
  for (int round = 0; round < kMaxLouvainRounds; ++round) {
    MODBOUND_RETURN_IF_ERROR(moves.Run(stream, execution).status());
    const int64_t modules = moves.num_modules();
    if (modules == problem.size() || modules <= 1) {
      return absl::OkStatus();
    }
    MODBOUND_RETURN_IF_ERROR(MoveModules(problem, moves, stream, execution));
    if (moves.num_modules() == modules) {
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
