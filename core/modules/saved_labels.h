#ifndef MODBOUND_CORE_MODULES_SAVED_LABELS_H_
#define MODBOUND_CORE_MODULES_SAVED_LABELS_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/base/saved_state.h"

namespace modbound {

// Adds labels >= -1, a byte each where modules are few, for a checkpoint.
void SaveLabels(const Labels& labels, StateWriter& state);
// Takes `n` labels; false when `state` does not hold them or some are not in
// [-1, n).
bool LoadLabels(int64_t n, StateReader& state, Labels& labels);

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_SAVED_LABELS_H_
