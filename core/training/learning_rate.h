#ifndef MODBOUND_CORE_TRAINING_LEARNING_RATE_H_
#define MODBOUND_CORE_TRAINING_LEARNING_RATE_H_

#include <cstdint>

namespace modbound {

// How the learning rate goes with the step, as a multiple of the full one. With
// u = step - warmup_steps and D = decay_steps:
//   kConstant     1
//   kStep         factor^floor(u / D)
//   kExponential  factor^(u / D)
//   kCosine       end + (1 - end) (1 + cos(pi min(u / D, 1))) / 2,  end =
//   factor
// (Loshchilov & Hutter 2017, without restarts); before them a linear warm-up,
// (step + 1) / warmup_steps while step < warmup_steps (Goyal et al. 2017).
struct LearningRateSchedule {
  enum class Shape { kConstant, kStep, kExponential, kCosine };
  Shape shape = Shape::kConstant;
  int64_t warmup_steps = 0;    // >= 0
  int64_t decay_steps = 1000;  // >= 1; not kConstant
  // In (0, 1]; kCosine: in [0, 1]. Not kConstant.
  double factor = 0.5;
};

// The multiple at a step, from 0: in [0, 1]. A pure function of the two.
double LearningRateFactor(const LearningRateSchedule& schedule, int64_t step);

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_LEARNING_RATE_H_
