#include <string>

#include "core/tasks/task.h"
#include "core/training/train.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

class TaskLearning : public testing::TestWithParam<std::string> {};

// Far above chance, which is one half or less, for every task: its targets
// follow from its inputs.
TEST_P(TaskLearning, ReachesItsTarget) {
  TrainOptions options;
  options.units = 64;
  options.seed = 1;
  options.target_accuracy = 0.8;
  options.max_steps = 8000;
  options.eval_every = 250;
  options.eval_trials = 200;
  if (GetParam() == "READY_SET_GO") {
    options.dynamics.dt_ms = 80;  // two of its periods have 83 ms
  }
  if (GetParam() == "PERCEPTUAL_DECISION_MAKING_DELAY_RESPONSE") {
    options.dynamics.tau_ms = 500;  // a delay of up to 4 s to remember
  }
  const Task task =
      *Task::Make(*DefaultTaskSpec(GetParam()), options.dynamics.dt_ms);
  const auto result = Train(task, options, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop_reason, TrainStopReason::kTargetReached)
      << result->accuracy_curve;
}

INSTANTIATE_TEST_SUITE_P(Tasks,
                         TaskLearning,
                         testing::ValuesIn(TaskNames()),
                         [](const auto& named) { return named.param; });

}  // namespace
}  // namespace modbound
