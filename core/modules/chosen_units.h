#ifndef MODBOUND_CORE_MODULES_CHOSEN_UNITS_H_
#define MODBOUND_CORE_MODULES_CHOSEN_UNITS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace modbound {

// Indices of the units to partition: those of valid[i] != 0, with
// include_silent all. Errors: DEGENERATE for "matrix" when there are fewer than
// 2 flags or all are 0.
absl::StatusOr<std::vector<int64_t>> ChooseUnits(
    const std::vector<uint8_t>& valid, bool include_silent);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_CHOSEN_UNITS_H_
