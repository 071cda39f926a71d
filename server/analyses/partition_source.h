#ifndef MODBOUND_SERVER_ANALYSES_PARTITION_SOURCE_H_
#define MODBOUND_SERVER_ANALYSES_PARTITION_SOURCE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/modules/similarity.h"
#include "modbound/v1/modules.pb.h"
#include "server/analyses/analysis.h"
#include "server/analyses/partition_engine.h"

// What a partition is of: the matrix, or the similarity of its rows or of the
// columns of activity.
namespace modbound {

struct PartitionSource {
  const char* name;  // "matrix" or "activity"
  const InputInfo* info;
  bool is_given;  // partitioned as it is
  int64_t units;  // -1 = not known yet
};

// Refuses neither of the inputs matrix and activity (MISSING_FIELD) and both of
// them (CONTRADICTION).
absl::Status RequireMatrixOrActivity(const InputInfos& inputs);

// matrix or activity, one of them; GIVEN goes with a square matrix, the others
// with both. Fills the default. Errors: MISSING_FIELD, CONTRADICTION.
absl::StatusOr<PartitionSource> ResolveSource(const InputInfos& inputs,
                                              v1::PartitionSpec& spec);

// Refuses what cannot be partitioned, as far as shapes and facts are known: a
// GIVEN matrix that is not square, a null_matrix of other units (WRONG_SHAPE),
// one unit, and what a similarity is not defined for (DEGENERATE).
absl::Status CheckSource(const PartitionSource& source,
                         const InputInfos& inputs,
                         const v1::PartitionSpec& spec);

// The matrix to partition and its silent units; no flags for a given matrix.
// Errors: DEGENERATE when every unit is silent; those of the similarities.
absl::StatusOr<SimilarityMatrix> MatrixToPartition(
    const v1::PartitionSpec& spec,
    const InputArrays& inputs,
    const Execution& execution);

// The units that engines without N x N doubles take, as rows of length 1. Uses
// the input up. Errors: as above.
absl::StatusOr<SimilarityRows> RowsToPartition(const v1::PartitionSpec& spec,
                                               InputArrays& inputs,
                                               const Execution& execution);

// Whether a matrix is known to be symmetric, exactly.
bool IsSymmetric(const InputInfo& info);

// How the weights are held. spec: as ResolveSource leaves it.
PartitionEngine EngineOf(const PartitionSource& source,
                         const v1::PartitionSpec& spec);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_PARTITION_SOURCE_H_
