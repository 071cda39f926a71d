#ifndef MODBOUND_CORE_MODULES_PARTITION_QUALITIES_H_
#define MODBOUND_CORE_MODULES_PARTITION_QUALITIES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

// Partitions of one work item: each row of the matrix is read once for all of
// them.
inline constexpr int64_t kQualityBatch = 16;

// Q of each of P partitions of one matrix, N labels >= -1 each: equal, bit for
// bit, to Quality of each alone. Partitions that leave out the same units share
// one problem: the matrix is checked, cut and normalised once for every
// different set of units at -1, and one such copy is held at a time.
// Cost: N^2 a set and a partition; in parallel over fixed batches of partitions
// of a set. Threads: result independent of their number. Errors: those of
// Quality, the first of a partition in their order; kCancelled.
absl::StatusOr<std::vector<double>> QualitiesOf(
    const Matrix& weights,
    const std::vector<Labels>& partitions,
    const QualityOptions& options,
    const Execution& execution,
    const Matrix* null_matrix = nullptr);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_PARTITION_QUALITIES_H_
