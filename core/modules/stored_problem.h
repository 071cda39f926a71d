#ifndef MODBOUND_CORE_MODULES_STORED_PROBLEM_H_
#define MODBOUND_CORE_MODULES_STORED_PROBLEM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"
#include "core/modules/units_problem.h"

namespace modbound {

// N x N weights, stored as double or float in a buffer that is given up: what
// is made of them is made in it, and of both the same.
template <typename Scalar>
struct StoredWeights {
  std::shared_ptr<Scalar> values;  // row-major, 64-byte aligned
  int64_t size = 0;
  // What is known of the values, so that they need not be read for it.
  bool checked = false;    // CheckQualityInput takes them
  bool symmetric = false;  // exactly
};

// Those of a square matrix of which nothing is known.
StoredWeights<double> StoredWeightsOf(Matrix matrix);

// The problem of weights that CheckQualityInput takes, holding one copy: of
// doubles w is written over W; of floats W stays, and is scaled whenever it is
// read. So both have the same bits, but that the mean of two floats w_ij and
// w_ji is rounded to float where they differ. Passes are in parallel over fixed
// blocks; of symmetric weights there are two, of floats one.
// null_matrix: of kCustom, which float weights do not take; else unused.
// Errors: OUT_OF_RANGE for "matrix" (ModularityProblem::Make), kCancelled.
template <typename Scalar>
absl::StatusOr<ModularityProblem> ProblemOfStored(StoredWeights<Scalar> weights,
                                                  const QualityOptions& options,
                                                  const Matrix* null_matrix,
                                                  const Execution& execution);

// What of stored weights is partitioned.
struct UnitChoice {
  // N flags, 0 = silent; empty: a unit is silent when its row and column,
  // diagonal included, are all zero.
  std::vector<uint8_t> valid;
  // Silent units too.
  bool include_silent = false;
};

// ModularityProblem::Make of the units chosen, the others left out of the
// weights (in place) and of null_matrix before anything is computed. Errors:
// those of ModularityProblem::Make; WRONG_SHAPE for "valid"; DEGENERATE for
// "matrix" when N < 2 or every unit is silent.
template <typename Scalar>
absl::StatusOr<UnitsProblem> MakeStoredProblem(StoredWeights<Scalar> weights,
                                               const QualityOptions& options,
                                               UnitChoice choice,
                                               const Matrix* null_matrix,
                                               const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_STORED_PROBLEM_H_
