#include "core/modules/louvain.h"

#include <algorithm>
#include <utility>

#include "core/base/kept_blocks.h"
#include "core/base/thread_share.h"
#include "core/modules/aggregate.h"
#include "core/modules/labels.h"
#include "core/modules/local_moves.h"
#include "core/modules/saved_labels.h"

namespace modbound {
namespace {

// Each round but the last raises Q: an end even if rounding hid that.
constexpr int kMaxRounds = 100;

absl::StatusOr<Labels> Optimise(const ModularityProblem& problem,
                                RandomStream& stream,
                                const Execution& execution);

// Moves nodes and merges modules until neither a move of one node nor a merge
// found on any coarser level gains. A coarser level has fewer nodes or is left
// alone: the recursion ends.
absl::Status Converge(const ModularityProblem& problem,
                      LocalMoves& moves,
                      RandomStream& stream,
                      const Execution& execution) {
  for (int round = 0; round < kMaxRounds; ++round) {
    MODBOUND_RETURN_IF_ERROR(moves.Run(stream, execution).status());
    const int64_t modules = moves.num_modules();
    if (modules == problem.size() || modules <= 1) {
      return absl::OkStatus();
    }
    const ModularityProblem coarse = moves.Aggregate(execution);
    MODBOUND_ASSIGN_OR_RETURN(const Labels merged,
                              Optimise(coarse, stream, execution));
    moves.Merge(merged);
    if (moves.num_modules() == modules) {
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Labels> Optimise(const ModularityProblem& problem,
                                RandomStream& stream,
                                const Execution& execution) {
  LocalMoves moves(problem);
  MODBOUND_RETURN_IF_ERROR(Converge(problem, moves, stream, execution));
  return moves.labels();
}

// A partition below another: each module partitioned on its own.
struct Parts {
  Labels labels;     // part of each node, 0 ... count - 1
  Labels module_of;  // module of each part
};

// Modules of more nodes are not taken apart: it needs a copy of their weights,
// and memory for one run must stay far below that of a large matrix.
constexpr int64_t kMaxSplit = 4096;

// How far a module is taken apart. Large parts undo a merge that should not
// have been made at all; small ones a merge with the second-best partner, which
// a module's own optimum would keep.
enum class PartSize { kLarge, kSmall };

absl::StatusOr<Labels> SplitModule(const ModularityProblem& module,
                                   PartSize size,
                                   RandomStream& stream,
                                   const Execution& execution) {
  if (size == PartSize::kLarge) {
    return Optimise(module, stream, execution);
  }
  LocalMoves moves(module);
  MODBOUND_RETURN_IF_ERROR(moves.Run(stream, execution).status());
  return moves.labels();
}

absl::StatusOr<Parts> SplitModules(const ModularityProblem& problem,
                                   const Labels& labels,
                                   PartSize size,
                                   RandomStream& stream,
                                   const Execution& execution) {
  std::vector<std::vector<int64_t>> members(ModuleSizes(labels).size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    members[labels[i]].push_back(static_cast<int64_t>(i));
  }
  Parts parts;
  parts.labels.resize(labels.size());
  for (std::size_t module = 0; module < members.size(); ++module) {
    const std::vector<int64_t>& nodes = members[module];
    Labels split(nodes.size(), 0);
    if (static_cast<int64_t>(nodes.size()) <= kMaxSplit) {
      MODBOUND_ASSIGN_OR_RETURN(
          split,
          SplitModule(RestrictProblem(problem, nodes, execution),
                      size,
                      stream,
                      execution));
      split = CompactLabels(split);
    }
    const auto first = static_cast<int32_t>(parts.module_of.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      parts.labels[nodes[i]] = first + split[i];
    }
    parts.module_of.resize(parts.module_of.size() + ModuleSizes(split).size(),
                           static_cast<int32_t>(module));
  }
  return parts;
}

// Lets parts of modules move as a whole, to another module or to one of their
// own. Result: whether any did.
absl::StatusOr<bool> MoveParts(const ModularityProblem& problem,
                               LocalMoves& moves,
                               PartSize size,
                               RandomStream& stream,
                               const Execution& execution) {
  const Labels modules = CompactLabels(moves.labels());
  MODBOUND_ASSIGN_OR_RETURN(
      Parts parts, SplitModules(problem, modules, size, stream, execution));
  const auto count = static_cast<int64_t>(parts.module_of.size());
  if (count == moves.num_modules()) {
    return false;
  }
  const ModularityProblem coarse =
      AggregateProblem(problem, parts.labels, count, execution);
  LocalMoves part_moves(coarse, parts.module_of, execution);
  MODBOUND_ASSIGN_OR_RETURN(const bool moved,
                            part_moves.Run(stream, execution));
  if (moved) {
    for (int32_t& label : parts.labels) {
      label = part_moves.labels()[label];
    }
    moves.Assign(CompactLabels(parts.labels), execution);
  }
  return moved;
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

absl::StatusOr<PartitionRun> Louvain(const ModularityProblem& problem,
                                     RandomStream stream,
                                     const Execution& execution) {
  LocalMoves moves(problem);
  MODBOUND_RETURN_IF_ERROR(Converge(problem, moves, stream, execution));
  for (int round = 0; round < kMaxRounds; ++round) {
    bool moved = false;
    for (const PartSize size : {PartSize::kLarge, PartSize::kSmall}) {
      if (!moved) {
        MODBOUND_ASSIGN_OR_RETURN(
            moved, MoveParts(problem, moves, size, stream, execution));
      }
    }
    if (!moved) {
      break;
    }
    MODBOUND_RETURN_IF_ERROR(Converge(problem, moves, stream, execution));
  }
  PartitionRun run;
  run.labels = CanonicalLabels(moves.labels());
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<double> quality,
                            problem.Qualities({run.labels}, execution));
  run.quality = quality[0];
  return run;
}

absl::StatusOr<std::vector<PartitionRun>> PartitionRuns(
    const ModularityProblem& problem,
    int64_t runs,
    uint64_t seed,
    RandomPurpose purpose,
    uint64_t first_index,
    const Execution& execution) {
  std::vector<PartitionRun> results(static_cast<std::size_t>(runs));
  const Execution inside = ThreadShare(runs, execution);
  MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
      KeptRuns(problem.size(), results), execution, [&](int64_t run, int64_t) {
        absl::StatusOr<PartitionRun> result = Louvain(
            problem,
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

int64_t LouvainWorkBytes(int64_t n) {
  const auto nodes = static_cast<double>(n);
  const double links = std::min(nodes, static_cast<double>(kMaxSums));
  const double split = std::min(nodes, static_cast<double>(kMaxSplit));
  // A first sweep leaves a quarter of the nodes as modules, or fewer.
  const double coarse = nodes / 4;
  return static_cast<int64_t>(std::min(
      9e18,
      8 * (2 * links * nodes + split * split + coarse * coarse + 16 * nodes)));
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
