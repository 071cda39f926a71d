#ifndef MODBOUND_TESTS_CORE_TRAINING_SHORT_TRAINING_H_
#define MODBOUND_TESTS_CORE_TRAINING_SHORT_TRAINING_H_

#include "core/tasks/task.h"
#include "core/training/train_options.h"

// What the tests of training train.
namespace modbound {

inline Task PerceptualTask() {
  return *Task::Make(*DefaultTaskSpec("PERCEPTUAL_DECISION_MAKING"), 100);
}

// 25 steps of 12 units.
inline TrainOptions ShortOptions() {
  TrainOptions options;
  options.units = 12;
  options.batch_size = 4;
  options.seq_len = 30;
  options.max_steps = 25;
  options.eval_every = 10;
  options.eval_trials = 50;
  options.target_accuracy = 1;
  options.seed = 3;
  return options;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_CORE_TRAINING_SHORT_TRAINING_H_
