#ifndef MODBOUND_SERVER_ANALYSES_OPTIMIZER_SPEC_H_
#define MODBOUND_SERVER_ANALYSES_OPTIMIZER_SPEC_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/training/learning_rate.h"
#include "core/training/optimizer.h"
#include "core/training/recipe.h"
#include "core/training/train_options.h"
#include "modbound/v1/train.pb.h"

// The spec fields `optimizer` and `precision` of every kind that trains.
namespace modbound {

// Fills what the optimiser has and the spec leaves unset, so that a job shows
// it. Errors: OUT_OF_RANGE for a field of "optimizer" that the named optimiser,
// or the shape of its schedule, does not have, and for a factor of 0 where it
// would end training; CONTRADICTION for "optimizer.nesterov" without momentum.
absl::Status ResolveOptimizer(Recipe recipe,
                              int64_t max_steps,
                              v1::Optimizer& optimizer);

// Of a resolved optimizer.
OptimizerOptions OptimizerOptionsOf(const v1::Optimizer& optimizer);
LearningRateSchedule ScheduleOf(const v1::Optimizer& optimizer);

Precision PrecisionOf(v1::Precision::Format format);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_OPTIMIZER_SPEC_H_
