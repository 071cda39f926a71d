#ifndef MODBOUND_CORE_MODULES_FLOAT_PROBLEM_H_
#define MODBOUND_CORE_MODULES_FLOAT_PROBLEM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/modules/quality.h"
#include "core/modules/units_problem.h"

namespace modbound {

// N x N weights stored in float32, in a buffer that is given up: what is made
// of them is made in it.
struct FloatWeights {
  std::shared_ptr<float> values;  // row-major, 64-byte aligned
  int64_t size = 0;
  // What is known of the values, so that they need not be read for it.
  bool checked = false;    // CheckQualityInput takes them
  bool symmetric = false;  // exactly
};

// ModularityProblem::Make for float32, holding one copy: w is written over W
// and stays float32 (a relative 6e-8 an element), while strengths, scales and
// every sum are float64. Units whose row and column, diagonal included, are all
// zero are silent and left out, unless include_silent.
// Cost: three passes, in parallel over fixed blocks. options.function: not
// kCustom. Errors: those of ModularityProblem::Make; DEGENERATE for "matrix"
// when N < 2 or every unit is silent.
absl::StatusOr<UnitsProblem> MakeFloatProblem(FloatWeights weights,
                                              const QualityOptions& options,
                                              bool include_silent,
                                              const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_FLOAT_PROBLEM_H_
