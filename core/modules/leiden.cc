#include "core/modules/leiden.h"

#include <vector>

#include "core/modules/aggregate.h"
#include "core/modules/labels.h"
#include "core/modules/louvain.h"

namespace modbound {
namespace {

// Each round but the last raises Q: an end even if rounding hid that.
constexpr int kMaxLeidenRounds = 100;

// A partition below another: each module partitioned on its own.
struct Parts {
  Labels labels;     // part of each node, 0 ... count - 1
  Labels module_of;  // module of each part
};

enum class PartSize { kLarge, kSmall };

absl::StatusOr<Labels> RefineModule(const ModularityProblem& module,
                                    PartSize size,
                                    RandomStream& stream,
                                    const Execution& execution) {
  LocalMoves moves(module);
  if (size == PartSize::kLarge) {
    MODBOUND_RETURN_IF_ERROR(Louvain(module, moves, stream, execution));
  } else {
    MODBOUND_RETURN_IF_ERROR(moves.Run(stream, execution).status());
  }
  return CompactLabels(moves.labels());
}

absl::StatusOr<Parts> RefineModules(const ModularityProblem& problem,
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
    Labels refined(nodes.size(), 0);
    if (static_cast<int64_t>(nodes.size()) <= kMaxRefined) {
      MODBOUND_ASSIGN_OR_RETURN(
          refined,
          RefineModule(RestrictProblem(problem, nodes, execution),
                       size,
                       stream,
                       execution));
    }
    const auto first = static_cast<int32_t>(parts.module_of.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      parts.labels[nodes[i]] = first + refined[i];
    }
    parts.module_of.resize(parts.module_of.size() + ModuleSizes(refined).size(),
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
      Parts parts, RefineModules(problem, modules, size, stream, execution));
  const auto count = static_cast<int64_t>(parts.module_of.size());
  if (count == moves.num_modules() || count > MostAggregated(problem.size())) {
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

}  // namespace

absl::Status Leiden(const ModularityProblem& problem,
                    LocalMoves& moves,
                    RandomStream& stream,
                    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(Louvain(problem, moves, stream, execution));
  for (int round = 0; round < kMaxLeidenRounds; ++round) {
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
    MODBOUND_RETURN_IF_ERROR(Louvain(problem, moves, stream, execution));
  }
  return absl::OkStatus();
}

}  // namespace modbound
