#ifndef MODBOUND_CORE_MODULES_ITERATED_H_
#define MODBOUND_CORE_MODULES_ITERATED_H_

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/random.h"
#include "core/modules/local_moves.h"
#include "core/modules/quality.h"

namespace modbound {

// Leiden from the partition that `moves` holds, then restarts from the best
// partition so far until none gains (iterating to an optimum: Rubinov & Sporns
// 2011). Where Leiden ends, nothing that it tries gains; so each restart first
// dissolves some modules, random ones, into single nodes: three, two and one of
// them in turn. It ends after kFruitlessRestarts in a row, or kMaxRestarts of
// all. Cost: some twenty times that of Leiden. Errors: kCancelled.
absl::Status Iterated(const ModularityProblem& problem,
                      LocalMoves& moves,
                      RandomStream& stream,
                      const Execution& execution);

inline constexpr int kFruitlessRestarts = 12;
inline constexpr int kMaxRestarts = 1000;

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_ITERATED_H_
