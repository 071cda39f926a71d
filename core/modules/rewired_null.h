#ifndef MODBOUND_CORE_MODULES_REWIRED_NULL_H_
#define MODBOUND_CORE_MODULES_REWIRED_NULL_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/quality.h"

namespace modbound {

struct RewiredNull {
  Vector quality;  // of the labels on each rewired network
  // Means over draws of those of RewiredNetwork; unset without draws and where
  // a draw has none.
  std::optional<double> positive_strength_r;
  std::optional<double> negative_strength_r;
};

// Quality that given labels have on random networks of the same signed degrees
// and, nearly, strengths: see RewireSigned. Units at -1 are left out first.
// weights, labels: what Quality() takes. draws >= 0.
// Random: draw i from (seed, kRewiredNetwork, i). Threads: in parallel over
// draws; result independent of their number. Errors: those of Quality();
// kCancelled.
absl::StatusOr<RewiredNull> ComputeRewiredNull(const Matrix& weights,
                                               const Labels& labels,
                                               const QualityOptions& options,
                                               int64_t draws,
                                               uint64_t seed,
                                               const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_REWIRED_NULL_H_
