#ifndef MODBOUND_CORE_MODULES_CONSENSUS_H_
#define MODBOUND_CORE_MODULES_CONSENSUS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// How many partitions become one.
enum class ConsensusMethod {
  // The best of them by quality: nothing to compute here.
  kNone,
  // Fractions of runs that put i and j together, below tau set to 0, are
  // partitioned kConsensusRuns times (kNegativeAsym, gamma 1), until all agree
  // (Lancichinetti & Fortunato 2012).
  kThreshold,
  // The same fractions minus their mean under random labels of equal sizes, the
  // mean over runs of sum_m C(n_m, 2) / C(N, 2) (Bassett et al. 2013); the
  // difference is the quality matrix itself, without a further null.
  kExpected,
};

// Partitions made of the fractions in each round (Lancichinetti & Fortunato
// 2012, and the reference implementation of the threshold method, make as
// many).
inline constexpr int64_t kConsensusRuns = 100;

// ConsensusOptions::max_stored_groups: 128 MiB.
inline constexpr int64_t kMaxStoredGroups = 4096;

struct ConsensusOptions {
  ConsensusMethod method = ConsensusMethod::kExpected;
  double tau = 0.5;  // of kThreshold, in [0, 1]
  uint64_t seed = 0;
  // When the partitions still differ after this many rounds, the one of highest
  // quality in the last round is the result. >= 1.
  int max_rounds = 50;
  // Most groups whose agreement is stored; that of more is computed whenever it
  // is read.
  int64_t max_stored_groups = kMaxStoredGroups;
};

// What many partitions became.
struct ConsensusPartition {
  Labels labels;  // canonical
  int64_t rounds = 0;
  // Distinct partitions of the last round: 1 = all agree.
  int64_t distinct = 0;
};

// One partition from many (R >= 1 of N labels each, in [0, N)). Units that
// share a module in every partition stay together: they are merged before each
// round, which makes its cost depend on the number of groups G, not on N. Cost:
// R N, then R G^2 and 100 runs on G nodes a round; R G^2 a pass over the nodes
// where G > max_stored_groups. Random: (seed, kConsensusRun, 100 round +
// repeat). Threads: result independent of their number. method must not be
// kNone. Errors: kCancelled.
absl::StatusOr<ConsensusPartition> Consensus(
    const std::vector<Labels>& partitions,
    const ConsensusOptions& options,
    const Execution& execution);

using CountMatrix =
    Eigen::Matrix<int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Adds to counts (N x N) the partitions that put i and j together (label -1:
// with nobody), 0 for i = j. Cost: R N^2, in parallel over rows. Errors:
// kCancelled.
absl::Status AddAgreementCounts(const std::vector<Labels>& partitions,
                                const Execution& execution,
                                Eigen::Ref<CountMatrix> counts);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_CONSENSUS_H_
