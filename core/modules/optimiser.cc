#include "core/modules/optimiser.h"

#include <algorithm>
#include <utility>

#include "core/base/kept_blocks.h"
#include "core/base/thread_share.h"
#include "core/modules/aggregate.h"
#include "core/modules/iterated.h"
#include "core/modules/labels.h"
#include "core/modules/leiden.h"
#include "core/modules/louvain.h"
#include "core/modules/saved_labels.h"

namespace modbound {
namespace {

absl::Status Improve(const ModularityProblem& problem,
                     Algorithm algorithm,
                     LocalMoves& moves,
                     RandomStream& stream,
                     const Execution& execution) {
  switch (algorithm) {
    case Algorithm::kLouvain:
      return Louvain(problem, moves, stream, execution);
    case Algorithm::kLeiden:
      return Leiden(problem, moves, stream, execution);
    case Algorithm::kIterated:
      return Iterated(problem, moves, stream, execution);
  }
  return absl::OkStatus();
}

// Runs as one phase.
KeptBlocks KeptRuns(int64_t nodes, std::vector<PartitionRun>& runs) {
  KeptBlocks blocks;
  blocks.phase = "partitioning";
  blocks.unit = "runs";
  blocks.count = static_cast<int64_t>(runs.size());
  blocks.save = [&runs](int64_t run, int64_t, StateWriter& state) {
    const PartitionRun& found = runs[static_cast<std::size_t>(run)];
    state.AddDouble(found.quality);
    SaveLabels(found.labels, state);
  };
  blocks.load = [&runs, nodes](int64_t run, int64_t, StateReader& state) {
    PartitionRun& found = runs[static_cast<std::size_t>(run)];
    return state.ReadDouble(found.quality) &&
           LoadLabels(nodes, state, found.labels);
  };
  return blocks;
}

}  // namespace

absl::StatusOr<PartitionRun> Optimise(const ModularityProblem& problem,
                                      Algorithm algorithm,
                                      RandomStream stream,
                                      const Execution& execution) {
  LocalMoves moves(problem);
  MODBOUND_RETURN_IF_ERROR(
      Improve(problem, algorithm, moves, stream, execution));
  PartitionRun run;
  run.labels = CanonicalLabels(moves.labels());
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> quality,
                            problem.Qualities({run.labels}, execution));
  run.quality = quality[0];
  return run;
}

absl::StatusOr<std::vector<PartitionRun>> PartitionRuns(
    const ModularityProblem& problem,
    Algorithm algorithm,
    int64_t runs,
    uint64_t seed,
    RandomPurpose purpose,
    uint64_t first_index,
    const Execution& execution) {
  std::vector<PartitionRun> results(static_cast<std::size_t>(runs));
  const Execution inside = ThreadShare(runs, execution);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      KeptRuns(problem.size(), results), execution, [&](int64_t run, int64_t) {
        absl::StatusOr<PartitionRun> result = Optimise(
            problem,
            algorithm,
            RandomStream(
                seed, purpose, first_index + static_cast<uint64_t>(run)),
            inside);
        if (!result.ok()) {
          return result.status();
        }
        results[static_cast<std::size_t>(run)] = *std::move(result);
        return absl::OkStatus();
      }));
  return results;
}

int64_t OptimiserWorkBytes(Algorithm algorithm, int64_t n) {
  const auto nodes = static_cast<double>(n);
  const double links = std::min(nodes, static_cast<double>(kMaxSums));
  const double coarse = std::min(nodes, static_cast<double>(MostAggregated(n)));
  double doubles = 2 * links * nodes + coarse * coarse + 16 * nodes;
  if (algorithm != Algorithm::kLouvain) {
    const double part = std::min(nodes, static_cast<double>(kMaxRefined));
    doubles += part * part + links * nodes;
  }
  return static_cast<int64_t>(std::min(9e18, 8 * doubles));
}

int64_t BestRun(const std::vector<PartitionRun>& runs) {
  std::size_t best = 0;
  for (std::size_t run = 1; run < runs.size(); ++run) {
    if (runs[run].quality > runs[best].quality) {
      best = run;
    }
  }
  return static_cast<int64_t>(best);
}

}  // namespace modbound
