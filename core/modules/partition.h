#ifndef MODBOUND_CORE_MODULES_PARTITION_H_
#define MODBOUND_CORE_MODULES_PARTITION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/consensus.h"
#include "core/modules/optimiser.h"
#include "core/modules/quality.h"
#include "core/modules/similarity.h"
#include "core/modules/stored_problem.h"

namespace modbound {

struct PartitionOptions {
  QualityOptions quality;
  Algorithm algorithm = Algorithm::kLeiden;
  int64_t runs = 100;  // >= 1
  ConsensusMethod consensus = ConsensusMethod::kExpected;
  double tau = 0.5;  // of kThreshold, in [0, 1]
  // Partition silent units too instead of labelling them -1.
  bool include_silent = false;
  uint64_t seed = 0;
};

struct PartitionResult {
  Labels labels;       // canonical, -1 = silent
  double quality = 0;  // of labels, on the units partitioned
  // The same on all units: silent ones have all-zero rows and a module of their
  // own each. Differs from `quality` for kPotts, kUniform and kCustom, which
  // have a null for a unit by itself.
  double quality_all_units = 0;
  // Of the consensus, and the distinct partitions that its last round found:
  // 1 = all agree. 0 with kNone.
  int64_t consensus_rounds = 0;
  int64_t consensus_partitions = 0;
  std::vector<int64_t> module_sizes;  // largest first
  std::vector<int64_t> excluded_units;
  std::vector<Labels> run_labels;  // runs x N, canonical, -1 = silent
  Vector run_quality;              // runs
};

// Modules of a matrix (N x N): runs of an optimiser, made one by the consensus.
// valid: N flags, 0 = silent; empty: a unit is silent when its row and column,
// diagonal included, are all zero. Silent units are left out of the matrix (and
// of null_matrix) before anything is computed.
// Random: run i from (seed, kOptimiserRun, i). Errors: those of
// ModularityProblem::Make; DEGENERATE for "matrix" when N < 2 or every unit is
// silent; OUT_OF_RANGE for "runs", "tau"; kCancelled.
absl::StatusOr<PartitionResult> Partition(Matrix weights,
                                          std::vector<uint8_t> valid,
                                          const PartitionOptions& options,
                                          const Execution& execution,
                                          const Matrix* null_matrix = nullptr);

// The same of double or float values in a buffer, of which no copy is made
// (MakeStoredProblem).
template <typename Scalar>
absl::StatusOr<PartitionResult> Partition(StoredWeights<Scalar> weights,
                                          std::vector<uint8_t> valid,
                                          const PartitionOptions& options,
                                          const Execution& execution,
                                          const Matrix* null_matrix = nullptr);

// The same of the similarity Z Z' of units, of which no N x N numbers are made
// (MakeFactorProblem). options.quality.function: as there.
absl::StatusOr<PartitionResult> Partition(SimilarityRows rows,
                                          const PartitionOptions& options,
                                          const Execution& execution);

// Labels that Partition finds in a similarity matrix; all -1 when no unit is
// valid: that a matrix says nothing is a result. Errors: those of Partition,
// with "quality" for a matrix that the quality function does not take.
absl::StatusOr<Labels> ModulesOf(const SimilarityMatrix& similarity,
                                 const PartitionOptions& options,
                                 const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_PARTITION_H_
