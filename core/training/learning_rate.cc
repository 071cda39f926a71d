#include "core/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace modbound {

double LearningRateFactor(const LearningRateSchedule& schedule, int64_t step) {
  using Shape = LearningRateSchedule::Shape;
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) /
           static_cast<double>(schedule.warmup_steps);
  }
  const double decays = static_cast<double>(step - schedule.warmup_steps) /
                        static_cast<double>(schedule.decay_steps);
  switch (schedule.shape) {
    case Shape::kConstant:
      break;
    case Shape::kStep:
      return std::pow(schedule.factor, std::floor(decays));
    case Shape::kExponential:
      return std::pow(schedule.factor, decays);
    case Shape::kCosine:
      return schedule.factor +
             (1 - schedule.factor) *
                 (1 + std::cos(std::numbers::pi * std::min(decays, 1.0))) / 2;
  }
  return 1;
}

}  // namespace modbound
