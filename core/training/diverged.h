#ifndef MODBOUND_CORE_TRAINING_DIVERGED_H_
#define MODBOUND_CORE_TRAINING_DIVERGED_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace modbound {

// kAborted DIVERGED of a training in whose step number `step`, from 0, `what`
// ("the loss") is no longer finite. losses: of the steps before.
absl::Status TrainingDiverged(const char* what,
                              int64_t step,
                              const std::vector<double>& losses);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_DIVERGED_H_
