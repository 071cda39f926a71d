#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"

namespace modbound {
namespace {

constexpr int64_t kEnoughBytes = int64_t{1} << 32;

v1::Spec ShortSpec() {
  v1::Spec spec;
  v1::TrainSpec& train = *spec.mutable_train();
  train.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  train.mutable_model()->set_hidden_size(10);
  train.set_max_steps(12);
  train.set_eval_every(5);
  train.set_eval_trials(40);
  train.set_target_accuracy(1);
  train.set_seq_len(30);
  return spec;
}

absl::Status PlanStatus(v1::Spec spec) { return PlanJob(spec, {}).status(); }

TEST(TrainAdapter, FillsTheDefaultsOfTaskAndRecipe) {
  v1::Spec spec;
  spec.mutable_train()->mutable_task()->set_name(
      v1::Task::PERCEPTUAL_DECISION_MAKING);
  const auto plan = PlanJob(spec, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const v1::TrainSpec& train = spec.train();
  EXPECT_EQ(train.task().stimulus_ms(), 2000);
  EXPECT_EQ(train.task().sigma(), 1);
  EXPECT_EQ(train.task().coherences_size(), 5);
  EXPECT_EQ(train.model().hidden_size(), 100);
  EXPECT_EQ(train.optimizer().learning_rate(), 0.002);
  EXPECT_EQ(train.optimizer().clip_norm(), 1);
  EXPECT_EQ(plan->max_threads, 1);
}

TEST(TrainAdapter, ReferenceRecipeHasItsRateAndNoClipping) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->set_recipe(v1::Recipe::REFERENCE);
  ASSERT_TRUE(PlanJob(spec, {}).ok());
  EXPECT_EQ(spec.train().optimizer().learning_rate(), 0.01);
  EXPECT_FALSE(spec.train().optimizer().has_clip_norm());
}

TEST(TrainAdapter, PlanningTwiceChangesNothing) {
  for (const auto name :
       {v1::Task::PERCEPTUAL_DECISION_MAKING, v1::Task::GO_NOGO}) {
    v1::Spec spec = ShortSpec();
    spec.mutable_train()->mutable_task()->set_name(name);
    ASSERT_TRUE(PlanJob(spec, {}).ok());
    const std::string once = spec.SerializeAsString();
    ASSERT_TRUE(PlanJob(spec, {}).ok());
    EXPECT_EQ(spec.SerializeAsString(), once);
  }
}

TEST(TrainAdapter, OutputsAreThoseOfThePlan) {
  v1::Spec spec = ShortSpec();
  const auto plan = PlanJob(spec, {});
  const auto outcome = RunJob(spec, {}, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.size(), plan->outputs.size());
  for (const PlannedOutput& output : plan->outputs) {
    const HostArray& array = outcome->outputs.at(output.name);
    EXPECT_EQ(array.dtype(), output.dtype) << output.name;
    EXPECT_EQ(array.axes(), output.axes) << output.name;
    ASSERT_EQ(array.shape().size(), output.shape.size()) << output.name;
    for (std::size_t i = 0; i < output.shape.size(); ++i) {
      // It runs to max_steps: so long curves may become.
      EXPECT_EQ(array.shape()[i],
                output.shape[i] >= 0 ? output.shape[i] : output.most_extent)
          << output.name;
    }
  }
  EXPECT_EQ(outcome->outputs.at("loss").shape(), std::vector<int64_t>{12});
  EXPECT_EQ(outcome->outputs.at("accuracy_curve").shape(),
            (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(outcome->outputs.at("w_rec").dtype(), v1::DType::FLOAT32);
}

TEST(TrainAdapter, SummaryAgreesWithTheArrays) {
  const auto outcome = RunJob(ShortSpec(), {}, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::TrainSummary& summary = outcome->summary.train();
  EXPECT_EQ(summary.steps(), 12);
  EXPECT_EQ(summary.stop_reason(), v1::TrainStop::MAX_STEPS);
  EXPECT_EQ(summary.final_loss(), outcome->outputs.at("loss").At(11));
  EXPECT_EQ(summary.accuracy(), outcome->outputs.at("accuracy_curve").At(5));
  EXPECT_GT(summary.steps_per_second(), 0);
  EXPECT_TRUE(summary.has_accuracy_zero());
}

TEST(TrainAdapter, DoublePrecisionGivesDoubles) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->set_precision(v1::Precision::FLOAT64);
  const auto outcome = RunJob(spec, {}, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  for (const char* name : {"w_in", "b_out", "initial/w_rec"}) {
    EXPECT_EQ(outcome->outputs.at(name).dtype(), v1::DType::FLOAT64) << name;
  }
}

TEST(TrainAdapter, RefusalsNameTheField) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->mutable_task()->set_stimulus_ms(50);
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.task.stimulus_ms");
  EXPECT_EQ(ReasonOf(PlanStatus(spec)), "OUT_OF_RANGE");

  spec = ShortSpec();
  spec.mutable_train()->mutable_model()->set_dt(200);
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.model.dt");
  EXPECT_EQ(ReasonOf(PlanStatus(spec)), "CONTRADICTION");

  spec = ShortSpec();
  spec.mutable_train()->mutable_task()->add_coherences(0);
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.task.coherences");

  spec = ShortSpec();
  spec.mutable_train()->mutable_task()->set_name(v1::Task::GO_NOGO);
  spec.mutable_train()->mutable_task()->set_sigma(0.5);
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.task.sigma");

  spec = ShortSpec();
  spec.mutable_train()->clear_task();
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.task");
  EXPECT_EQ(ReasonOf(PlanStatus(spec)), "MISSING_FIELD");
}

TEST(TrainAdapter, AbsurdSizesAreRefusedByEstimate) {
  v1::Spec spec = ShortSpec();
  v1::TrainSpec& train = *spec.mutable_train();
  train.mutable_model()->set_hidden_size(8192);
  train.mutable_model()->set_dt(1e-3);
  train.mutable_task()->set_delay_ms(1e6);
  train.set_batch_size(4096);
  train.set_seq_len(100000);
  train.set_eval_trials(1000000);
  const auto outcome = RunJob(spec, {}, int64_t{1} << 40, {});
  EXPECT_EQ(ReasonOf(outcome.status()), "MEMORY_LIMIT");
}

TEST(TrainAdapter, DefaultJobFitsInAModestMachine) {
  v1::Spec spec;
  spec.mutable_train()->mutable_task()->set_name(v1::Task::GO_NOGO);
  const auto plan = PlanJob(spec, {});
  ASSERT_TRUE(plan.ok());
  EXPECT_LT(plan->memory_bytes, 64 << 20);
  // Three buffers of 100 units x 1600 columns of floats.
  EXPECT_GT(plan->memory_bytes, 3 * 100 * 1600 * 4);
}

}  // namespace
}  // namespace modbound
