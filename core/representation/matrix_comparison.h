#ifndef MODBOUND_CORE_REPRESENTATION_MATRIX_COMPARISON_H_
#define MODBOUND_CORE_REPRESENTATION_MATRIX_COMPARISON_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/induced_quality.h"
#include "core/modules/quality.h"
#include "core/modules/similarity.h"

namespace modbound {

// What the modules of one matrix say of another. Units count when both matrices
// have them (valid in both).
struct MatrixComparison {
  double r = 0;  // Pearson, upper triangles; NaN when a side is constant
  double p = 1;  // two-sided
  // Quality that the source's labels have on the target. quality is NaN, the
  // null NaN and z, p unset when no labelled unit counts.
  InducedQuality induced;
  // The same with every unit: those that do not count have the zeros that the
  // matrices hold for them, and a module of their own each where the source has
  // no label.
  double r_all_units = 0;
  double induced_quality_all_units = 0;
  int64_t units = 0;  // that count
};

struct MatrixComparisonOptions {
  QualityOptions quality;
  int64_t null_count = 1000;  // >= 0
  uint64_t seed = 0;
};

// source_labels: N, the partition of `source`, -1 for units without a module.
// Random and cost: see ComputeInducedQuality. Errors: those of
// ModularityProblem::Make, with "quality" for what the quality function cannot
// take; kCancelled.
absl::StatusOr<MatrixComparison> CompareThroughModules(
    const SimilarityMatrix& source,
    const Labels& source_labels,
    const SimilarityMatrix& target,
    const MatrixComparisonOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_MATRIX_COMPARISON_H_
