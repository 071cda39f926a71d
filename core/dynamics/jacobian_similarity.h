#ifndef MODBOUND_CORE_DYNAMICS_JACOBIAN_SIMILARITY_H_
#define MODBOUND_CORE_DYNAMICS_JACOBIAN_SIMILARITY_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/partition.h"
#include "core/modules/similarity.h"
#include "core/network/network.h"
#include "core/representation/matrix_comparison.h"

namespace modbound {

// What is compared with the correlation matrix: J = dr(t+1)/dr(t), the step;
// J - I, the flow; W_rec itself. At alpha = 1 rows of J and of W_rec are
// parallel for active units, so all three are given.
enum class JacobianPart { kStep = 0, kFlow = 1, kWeights = 2 };
inline constexpr int kJacobianParts = 3;

struct JacobianSimilarityOptions {
  // Of the partitions and of the induced quality; 100 runs, kExpected.
  PartitionOptions partition;
  int64_t null_count = 1000;  // >= 0
  uint64_t seed = 0;          // of partitions and null
};

struct JacobianSimilarity {
  Matrix jacobian;  // N x N, mean J
  // The three below by JacobianPart. A unit whose row is zero has a zero row,
  // column and diagonal, and label -1.
  std::array<SimilarityMatrix, kJacobianParts> similarity;  // cosine of rows
  std::array<Labels, kJacobianParts> labels;  // canonical; all -1: no modules
  // similarity through its labels -> correlation.
  std::array<MatrixComparison, kJacobianParts> comparison;
  int64_t active_units = 0;  // valid in the correlation matrix
};

// Row-cosine similarity of the mean Jacobian, its modules, and what they say of
// the correlation matrix of activity. gain: mean f' (N) of the states averaged
// over; correlation: of the same N units.
// Random: (seed, kOptimiserRun) for partitions, (seed, kLabelPermutation) for
// nulls, the same draws for each part. Threads: result independent of their
// number. Errors: WRONG_SHAPE for "activity" when the correlation is not N x N;
// those of Partition and CompareThroughModules ("quality"); kCancelled.
absl::StatusOr<JacobianSimilarity> ComputeJacobianSimilarity(
    const Network& network,
    const Vector& gain,
    const SimilarityMatrix& correlation,
    const JacobianSimilarityOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_DYNAMICS_JACOBIAN_SIMILARITY_H_
