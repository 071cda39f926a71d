#ifndef MODBOUND_CORE_MODULES_LEIDEN_H_
#define MODBOUND_CORE_MODULES_LEIDEN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/random.h"
#include "core/modules/local_moves.h"
#include "core/modules/quality.h"

namespace modbound {

// Modules of more nodes are not refined: it needs a copy of their weights, and
// memory for one run must stay far below that of a large matrix.
inline constexpr int64_t kMaxRefined = 4096;

// Louvain from the partition that `moves` holds, then the refinement of Traag,
// Waltman & van Eck (2019): each module is partitioned on its own, and its
// parts may move as a whole, to another module or to one of their own. If any
// does, Louvain goes on from there. Parts are first the optimum of each module
// by itself (a merge that should not have been made), then what single moves
// from singletons leave (a merge with the second-best partner). Those moves
// take the largest gain, not a random one as in the paper: runs differ by their
// orders. Cost: about twice that of Louvain. Rounds are bounded, so it always
// ends. Errors: kCancelled.
absl::Status Leiden(const ModularityProblem& problem,
                    LocalMoves& moves,
                    RandomStream& stream,
                    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LEIDEN_H_
