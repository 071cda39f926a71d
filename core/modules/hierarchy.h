#ifndef MODBOUND_CORE_MODULES_HIERARCHY_H_
#define MODBOUND_CORE_MODULES_HIERARCHY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/partition.h"

namespace modbound {

// Levels at the most.
inline constexpr int kMaxLevels = 16;

// Modules within modules: level 0 is `labels`, and each level has the modules
// of the one before partitioned within themselves, until none splits. The rows
// and columns of a module are a matrix of its own: its null is made of the
// strengths within it (with the null of the whole, a partition of highest Q
// never splits). It splits when the partition found has a higher Q on that
// matrix than one module, by more than gain_floor(). So modules of noise split
// too. A matrix of one module has one level.
// weights, null_matrix, options: those with which Partition found `labels` (N,
// canonical, -1 = silent). Result: L >= 1 canonical labels of N units, the
// finest last; a module lies in one module of the level before.
// Random: the seed of the k-th module tried, counted level by level in the
// order of labels, is drawn from (seed, kSubmoduleSeed, k). Threads: result
// independent of their number. Errors: those of Partition; kCancelled.
absl::StatusOr<std::vector<Labels>> Hierarchy(
    const Matrix& weights,
    const Labels& labels,
    const PartitionOptions& options,
    const Execution& execution,
    const Matrix* null_matrix = nullptr);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_HIERARCHY_H_
