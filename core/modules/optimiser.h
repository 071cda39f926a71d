#ifndef MODBOUND_CORE_MODULES_OPTIMISER_H_
#define MODBOUND_CORE_MODULES_OPTIMISER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/modules/quality.h"

namespace modbound {

// How Q is maximised; each builds on the one before.
enum class Algorithm {
  kLouvain,   // louvain.h
  kLeiden,    // leiden.h
  kIterated,  // iterated.h
};

struct PartitionRun {
  Labels labels;  // canonical
  double quality = 0;
};

// One run, from singletons. N >= 0. Random: `stream`. Work is bounded, whatever
// the matrix. Errors: kCancelled.
absl::StatusOr<PartitionRun> Optimise(const ModularityProblem& problem,
                                      Algorithm algorithm,
                                      RandomStream stream,
                                      const Execution& execution);

// Independent runs: run i draws from (seed, purpose, first_index + i). In
// parallel over runs. Errors: kCancelled.
absl::StatusOr<std::vector<PartitionRun>> PartitionRuns(
    const ModularityProblem& problem,
    Algorithm algorithm,
    int64_t runs,
    uint64_t seed,
    RandomPurpose purpose,
    uint64_t first_index,
    const Execution& execution);

// Estimate of the memory that one run works in, besides the problem.
int64_t OptimiserWorkBytes(Algorithm algorithm, int64_t n);

// Index of the run of highest quality, the earliest of equals. Not empty.
int64_t BestRun(const std::vector<PartitionRun>& runs);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_OPTIMISER_H_
