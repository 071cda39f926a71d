#ifndef MODBOUND_CORE_LESIONS_LESION_SIMILARITY_H_
#define MODBOUND_CORE_LESIONS_LESION_SIMILARITY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/lesions/flow_distance.h"
#include "core/lesions/state_grid.h"
#include "core/modules/partition.h"
#include "core/modules/similarity.h"
#include "core/network/network.h"
#include "core/representation/matrix_comparison.h"
#include "core/representation/pca.h"

namespace modbound {

struct LesionSimilarityOptions {
  int64_t grid = 25;  // states along each axis, >= 2
  double margin = 0;  // the axes reach this far beyond the scores, >= 0
  LesionScope scope = LesionScope::kAll;
  // Of the activity's correlation matrix and of the induced quality; 100 runs,
  // kExpected.
  PartitionOptions partition;
  int64_t null_count = 1000;  // >= 0
  uint64_t seed = 0;          // of partition and null
};

struct LesionSimilarity {
  Pca pca;               // two components
  StateGrid grid;        // G = grid^2 states
  Matrix stepped;        // G x N, one step later, intact network
  Matrix flow_distance;  // G x N, see FlowDistances
  // Pearson correlation of flow distances over the grid. valid = 0 where their
  // sd is <= 1e-9 of the largest of all.
  SimilarityMatrix similarity;
  Labels labels;  // modules of the activity's correlation matrix, -1 = silent
  // Those modules on the similarity matrix; r of the two matrices.
  MatrixComparison comparison;
};

// How alike the lesions of single units change the flow on a grid of states,
// and what the modules of the activity's correlation matrix say of it.
// activity: T x N, finite, T >= 2, N >= 2; input: I, constant. Random: see
// Partition and CompareThroughModules. Threads: result independent of their
// number. Errors: WRONG_SHAPE for "activity" or "input"; OUT_OF_RANGE for
// "grid", "margin"; DEGENERATE for "activity"; those of Partition ("quality");
// DIVERGED; kCancelled.
absl::StatusOr<LesionSimilarity> ComputeLesionSimilarity(
    const Network& network,
    const Matrix& activity,
    const Vector& input,
    const LesionSimilarityOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_LESIONS_LESION_SIMILARITY_H_
