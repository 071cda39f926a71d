#ifndef MODBOUND_CORE_MODULES_INDUCED_QUALITY_H_
#define MODBOUND_CORE_MODULES_INDUCED_QUALITY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/label_nulls.h"
#include "core/modules/quality.h"
#include "core/modules/similarity.h"

namespace modbound {

struct InducedQuality {
  double quality = 0;
  Vector null;  // quality of each draw
  std::optional<double>
      z;  // (quality - mean) / sd (ddof 1); unset when sd is 0 (up to rounding)
  std::optional<double> p;     // (1 + #{null >= quality}) / (1 + draws)
  double exact_null_mean = 0;  // over all permutations
  int64_t excluded_units = 0;  // label -1
};

// Quality that given labels have on a matrix, against labels permuted among the
// units. Units at -1 are left out first.
// label_null: labels of another null instead (empty = permuted by `seed`).
// null_count >= 0; 0 leaves z and p unset. A null value within rounding (1e-12
// of the largest |Q|) of the quality counts as reached: the same partition must
// not fall below itself.
// Random: permutation i from (seed, kLabelPermutation, i). Cost: O(N^2) a draw,
// in parallel over fixed blocks of draws. Errors: those of Quality();
// kCancelled.
absl::StatusOr<InducedQuality> ComputeInducedQuality(
    const Matrix& weights,
    const Labels& labels,
    const QualityOptions& options,
    int64_t null_count,
    uint64_t seed,
    const Execution& execution,
    const Matrix* null_matrix = nullptr,
    const LabelNull& label_null = nullptr);

// The same on the similarity Z Z' of units, of which no N x N numbers are made
// (MakeFactorProblem): O(N T) a draw, once O(N^2 T). options.function: as
// there.
absl::StatusOr<InducedQuality> ComputeInducedQuality(
    SimilarityRows rows,
    const Labels& labels,
    const QualityOptions& options,
    int64_t null_count,
    uint64_t seed,
    const Execution& execution,
    const LabelNull& label_null = nullptr);

// z, p of a quality against null values as above (fills z and p of `result`
// from its quality and null).
void TestAgainstNull(InducedQuality& result);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_INDUCED_QUALITY_H_
