#include <set>

#include "gmock/gmock.h"
#include "support/task_trials.h"

namespace modbound {
namespace {

// Inputs: GO_NOGO 0-2, PERCEPTUAL 3-5, READY_SET_GO 6-8; outputs 0-1, 2-4, 5-6;
// trial types 0-1, 2-3, 4-5.
Task ThreeTasks() {
  return Task::Combine({TaskWith("GO_NOGO", 50),
                        TaskWith("PERCEPTUAL_DECISION_MAKING", 50),
                        TaskWith("READY_SET_GO", 50)});
}

TEST(CombinedTask, HasTheBlocksOfItsTasks) {
  const Task task = ThreeTasks();
  EXPECT_EQ(task.name(), "GO_NOGO + PERCEPTUAL_DECISION_MAKING + READY_SET_GO");
  EXPECT_EQ(task.inputs(), 9);
  EXPECT_EQ(task.outputs(), 7);
  EXPECT_EQ(task.trial_types(), 6);
  EXPECT_EQ(task.TrialTypeOf(1, 1), 3);
  // 30 steps of GO_NOGO, 44 of PERCEPTUAL; READY_SET_GO: 2 + 30 + 1 + 60.
  EXPECT_EQ(task.min_steps(), 30);
  EXPECT_EQ(task.max_steps(), 93);
  EXPECT_EQ(task.max_judged_steps(), 60);
  // Each name once.
  EXPECT_EQ(task.variable_names(),
            (std::vector<std::string>{"cue",
                                      "fixation",
                                      "cumulative_inputs",
                                      "cumulative_means",
                                      "since_ready",
                                      "since_set"}));
}

TEST(CombinedTask, EachTrialIsOneOfItsTasksInItsOwnBlock) {
  const Task task = ThreeTasks();
  const std::vector<Task> alone = {TaskWith("GO_NOGO", 50),
                                   TaskWith("PERCEPTUAL_DECISION_MAKING", 50),
                                   TaskWith("READY_SET_GO", 50)};
  const std::vector<int64_t> first_output = {0, 2, 5};
  ExpectEvenDraws(task, 3, [&](const Trial& trial) { return trial.task; });
  for (uint64_t k = 0; k < 60; ++k) {
    const Trial trial = DrawnTrial(task, k);
    const auto which = static_cast<std::size_t>(trial.task);
    // The task's own draw goes on with the stream that chose it.
    RandomStream random(7, RandomPurpose::kSimulationTrials, k);
    random.Index(3);
    Trial own;
    alone[which].Draw(random, own);
    const int64_t T = trial.steps();
    ASSERT_EQ(T, own.steps());
    EXPECT_EQ(trial.ground_truth, own.ground_truth);
    Matrix expected = Matrix::Zero(T, 9);
    expected.middleCols(3 * trial.task, 3) = own.inputs.topRows(T);
    EXPECT_EQ(trial.inputs.topRows(T), expected);
    for (std::size_t t = 0; t < trial.targets.size(); ++t) {
      EXPECT_EQ(trial.targets[t], own.targets[t] + first_output[which]);
    }
    const Matrix variables = task.Variables(trial);
    const Matrix own_variables = alone[which].Variables(own);
    for (std::size_t v = 0; v < task.variable_names().size(); ++v) {
      const auto& names = alone[which].variable_names();
      const auto at =
          std::find(names.begin(), names.end(), task.variable_names()[v]);
      const Vector column = variables.col(static_cast<int64_t>(v));
      if (at == names.end()) {
        EXPECT_EQ(column, Vector::Zero(T));
      } else {
        EXPECT_EQ(column, own_variables.col(at - names.begin()));
      }
    }
    const Judgement judgement = task.Judge(trial);
    const Judgement own_judgement = alone[which].Judge(own);
    EXPECT_EQ(judgement.steps, own_judgement.steps);
    if (which == 2) {
      EXPECT_EQ(judgement.response, 6);
      EXPECT_EQ(judgement.earliest, own_judgement.earliest);
    } else {
      EXPECT_EQ(judgement.targets, std::vector<int32_t>{trial.targets.back()});
    }
  }
}

TEST(CombinedTask, OfOneIsThatTask) {
  const Task alone = TaskWith("CONTEXT_DECISION_MAKING", 50);
  const Task combined = Task::Combine({alone});
  for (uint64_t k = 0; k < 20; ++k) {
    const Trial a = DrawnTrial(alone, k);
    const Trial b = DrawnTrial(combined, k);
    ASSERT_EQ(a.steps(), b.steps());
    EXPECT_EQ(a.inputs.topRows(a.steps()), b.inputs.topRows(b.steps()));
    EXPECT_EQ(a.targets, b.targets);
  }
}

// A trial that was another task's before is as a fresh one.
TEST(CombinedTask, ATrialDependsOnItsIndexAlone) {
  const Task task = ThreeTasks();
  Trial reused;
  for (uint64_t k = 0; k < 40; ++k) {
    RandomStream random(7, RandomPurpose::kSimulationTrials, k);
    task.Draw(random, reused);
    const Trial fresh = DrawnTrial(task, k);
    const int64_t T = fresh.steps();
    ASSERT_EQ(reused.steps(), T);
    EXPECT_EQ(reused.inputs.topRows(T), fresh.inputs.topRows(T));
    EXPECT_EQ(reused.means.topRows(T), fresh.means.topRows(T));
    EXPECT_EQ(reused.targets, fresh.targets);
  }
}

TEST(CombinedTask, ZeroCoherenceIsACoinTossOnlyWhereThereAreCoherences) {
  const Task task = ThreeTasks();
  for (uint64_t k = 0; k < 100; ++k) {
    const Trial trial = DrawnTrial(task, k);
    EXPECT_EQ(task.IsCoinToss(trial), trial.task == 1 && trial.coherence == 0);
  }
}

}  // namespace
}  // namespace modbound
