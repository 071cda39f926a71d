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
  // partitioned 100 times (kNegativeAsym, gamma 1), until all agree
  // (Lancichinetti
  // & Fortunato 2012).
  kThreshold,
  // The same fractions minus their mean under random labels of equal sizes, the
  // mean over runs of sum_m C(n_m, 2) / C(N, 2) (Bassett et al. 2013); the
  // difference is the quality matrix itself, without a further null.
  kExpected,
};

struct ConsensusOptions {
  ConsensusMethod method = ConsensusMethod::kExpected;
  double tau = 0.5;  // of kThreshold, in [0, 1]
  uint64_t seed = 0;
  // When the partitions still differ after this many rounds, the one of highest
  // quality in the last round is the result.
  int max_rounds = 50;
};

// One partition from many (R >= 1 of N labels each, all >= 0). Result:
// canonical. Units that share a module in every partition stay together: they
// are merged before each round, which makes its cost depend on the number of
// groups, not on N. Random: (seed, kConsensusRun, 100 round + repeat).
// method must not be kNone. Errors: kCancelled.
absl::StatusOr<Labels> Consensus(const std::vector<Labels>& partitions,
                                 const ConsensusOptions& options,
                                 const Execution& execution);

// Counts of partitions that put i and j together (label -1: with nobody),
// diagonal 0: N x N.
Eigen::Matrix<int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
AgreementCounts(const std::vector<Labels>& partitions);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_CONSENSUS_H_
