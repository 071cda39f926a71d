#ifndef MODBOUND_CORE_MODULES_LOUVAIN_H_
#define MODBOUND_CORE_MODULES_LOUVAIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/quality.h"

namespace modbound {

struct PartitionRun {
  Labels labels;  // canonical
  double quality = 0;
};

// Maximises Q by the Louvain method (Blondel et al. 2008) from singletons:
// 1. units in random order move to the module of largest gain (ties: lowest
//    label; a new module of its own is a candidate) until none gains more than
//    problem.gain_floor();
// 2. modules become the units of a coarser level, where the same is done; back
//    on this level units move again (Rotta & Noack 2011), until no level gains;
// 3. each module is partitioned on its own and its parts may move as a whole
//    (Traag et al. 2019); if any does, on from 1. It undoes early merges.
// N >= 0. Random: `stream`. Cost: about five passes over the matrix. Rounds are
// bounded, so it always ends. Errors: kCancelled.
absl::StatusOr<PartitionRun> Louvain(const ModularityProblem& problem,
                                     RandomStream stream,
                                     const Execution& execution);

// Independent runs: run i draws from (seed, purpose, first_index + i). In
// parallel over runs. Errors: kCancelled.
absl::StatusOr<std::vector<PartitionRun>> PartitionRuns(
    const ModularityProblem& problem,
    int64_t runs,
    uint64_t seed,
    RandomPurpose purpose,
    uint64_t first_index,
    const Execution& execution);

// Estimate of the memory that one run works in, besides the problem.
int64_t LouvainWorkBytes(int64_t n);

// Index of the run of highest quality, the earliest of equals. Not empty.
int64_t BestRun(const std::vector<PartitionRun>& runs);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_LOUVAIN_H_
