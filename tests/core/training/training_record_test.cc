#include "core/training/training_record.h"

#include <cmath>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TrainingRecord Evaluations(const std::vector<double>& accuracies) {
  TrainingRecord record;
  for (const double accuracy : accuracies) {
    AddEvaluation({static_cast<int64_t>(record.evaluations.size()), accuracy},
                  record);
  }
  return record;
}

TEST(HasStalled, CountsEvaluationsSinceTheBest) {
  EXPECT_FALSE(HasStalled(TrainingRecord(), 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.5}), 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.5, 0.6}), 1));
  // Reaching the best again is none.
  EXPECT_TRUE(HasStalled(Evaluations({0.5, 0.5}), 1));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5}), 2));
  EXPECT_TRUE(HasStalled(Evaluations({0.6, 0.5, 0.55}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5, 0.7}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({0.6, 0.5, 0.5, 0.5}), 0));
}

TEST(HasStalled, AnAccuracyOfNothingIsNoBest) {
  const double nan = std::nan("");
  EXPECT_TRUE(HasStalled(Evaluations({nan, nan}), 2));
  EXPECT_FALSE(HasStalled(Evaluations({nan, 0}), 2));
}

TEST(HasStalled, GoesOnAfterACheckpoint) {
  TrainOptions options;
  options.eval_every = 10;
  TrainingRecord record = Evaluations({0.5, 0.7, 0.6});
  record.steps = 30;
  record.loss.resize(30);
  StateWriter writer;
  SaveRecord(record, writer);
  const std::string bytes = std::move(writer).Take();
  StateReader reader(bytes);
  TrainingRecord loaded;
  ASSERT_TRUE(LoadRecord(options, reader, loaded));
  EXPECT_EQ(loaded.best_accuracy, 0.7);
  EXPECT_TRUE(HasStalled(loaded, 1));
  EXPECT_FALSE(HasStalled(loaded, 2));
  AddEvaluation({40, 0.7}, loaded);
  EXPECT_TRUE(HasStalled(loaded, 2));
}

TEST(Evaluations, EndWithTheLastStep) {
  EXPECT_EQ(EvaluationCount(10, 25), 3);  // 10 20 25
  EXPECT_EQ(EvaluationCount(10, 20), 2);
  EXPECT_EQ(EvaluationCount(100, 1), 1);
}

TEST(Snapshots, AreTakenAtTheEndsToo) {
  EXPECT_EQ(SnapshotCount(10, 25), 4);  // 0 10 20 25
  EXPECT_EQ(SnapshotCount(10, 30), 4);  // 0 10 20 30
  EXPECT_EQ(SnapshotCount(100, 30), 2);
  EXPECT_EQ(SnapshotCount(1, 1), 2);
}

}  // namespace
}  // namespace modbound
