#ifndef MODBOUND_CORE_MODULES_LOUVAIN_H_
#define MODBOUND_CORE_MODULES_LOUVAIN_H_

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/random.h"
#include "core/modules/local_moves.h"
#include "core/modules/quality.h"

namespace modbound {

// The Louvain method (Blondel et al. 2008) from the partition that `moves`
// holds, of the nodes of `problem`:
// 1. nodes in random order move to the module of largest gain (ties: lowest
//    slot; a new module of its own is a candidate) until none gains more than
//    problem.gain_floor();
// 2. modules become the nodes of a coarser level, where the same is done; back
//    on this level nodes move again (Rotta & Noack 2011), until no level gains.
// Cost: about three passes over the matrix from singletons. Rounds are bounded,
// so it always ends. Errors: kCancelled.
absl::Status Louvain(const ModularityProblem& problem,
                     LocalMoves& moves,
                     RandomStream& stream,
                     const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LOUVAIN_H_
