#ifndef MODBOUND_CORE_REPRESENTATION_SELECTIVITY_H_
#define MODBOUND_CORE_REPRESENTATION_SELECTIVITY_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"

namespace modbound {

// What makes a module's role.
enum class RankedBy {
  kNothing,           // neither variable nor two outputs
  kCumulativeInputs,  // r with the variable `cumulative_inputs`
  kOutputDifference,  // r with output 1 minus output 0
};

struct SelectivityOptions {
  // Column of `variables` that ranks the modules; -1 = none.
  int64_t cumulative_inputs = -1;
};

// Correlations of each module's mean activity; NaN where a side is constant.
struct Selectivity {
  Matrix r;         // M x V, modules in rising order of their labels
  Matrix p;         // M x V, two-sided
  Matrix output_r;  // M x O
  Matrix output_p;  // M x O
  // Labels of the modules of largest positive and of largest negative r with
  // cumulative_inputs, else of the two largest |r| with output 1 minus output
  // 0; -1 = none. Ties: the lower label. Modules of one unit have no role.
  std::array<int32_t, 2> ranked_modules = {-1, -1};
  Matrix role_r;         // 2 x V: r of the modules of ranked_modules, else NaN
  Matrix role_output_r;  // 2 x O
  RankedBy ranked_by = RankedBy::kNothing;
};

// activity: T x N, labels: N, variables: T x V, outputs: T x O (0 x 0 = none);
// finite. Errors: WRONG_SHAPE or BAD_LABELS for "labels", DEGENERATE when no
// unit is labelled; DEGENERATE for "activity" when T < 2; kCancelled.
absl::StatusOr<Selectivity> ComputeSelectivity(
    const Matrix& activity,
    const Labels& labels,
    const Matrix& variables,
    const Matrix& outputs,
    const SelectivityOptions& options,
    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_REPRESENTATION_SELECTIVITY_H_
