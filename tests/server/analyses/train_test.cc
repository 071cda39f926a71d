#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_cases.h"

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
  // It runs to max_steps: so long curves may become.
  ExpectLongestOutputsOfPlan(*plan, *outcome);
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

v1::Optimizer& OptimizerOf(v1::Spec& spec) {
  return *spec.mutable_train()->mutable_optimizer();
}

TEST(TrainOptimizer, FillsWhatTheNamedOneHasAndNoMore) {
  v1::Spec spec = ShortSpec();
  ASSERT_TRUE(PlanJob(spec, {}).ok());
  EXPECT_EQ(OptimizerOf(spec).name(), v1::Optimizer::ADAM);
  EXPECT_EQ(OptimizerOf(spec).beta1(), 0.9);
  EXPECT_EQ(OptimizerOf(spec).beta2(), 0.999);
  EXPECT_EQ(OptimizerOf(spec).epsilon(), 1e-8);
  EXPECT_FALSE(OptimizerOf(spec).has_weight_decay());
  EXPECT_FALSE(OptimizerOf(spec).has_momentum());
  EXPECT_FALSE(OptimizerOf(spec).has_schedule());

  spec = ShortSpec();
  OptimizerOf(spec).set_name(v1::Optimizer::ADAMW);
  ASSERT_TRUE(PlanJob(spec, {}).ok());
  EXPECT_EQ(OptimizerOf(spec).weight_decay(), 0.01);
  EXPECT_EQ(OptimizerOf(spec).learning_rate(), 0.002);

  spec = ShortSpec();
  OptimizerOf(spec).set_name(v1::Optimizer::SGD);
  OptimizerOf(spec).mutable_schedule()->set_shape(
      v1::LearningRateSchedule::COSINE);
  OptimizerOf(spec).mutable_schedule()->set_warmup_steps(5);
  ASSERT_TRUE(PlanJob(spec, {}).ok());
  EXPECT_EQ(OptimizerOf(spec).learning_rate(), 0.05);
  EXPECT_EQ(OptimizerOf(spec).momentum(), 0.9);
  EXPECT_FALSE(OptimizerOf(spec).has_beta1());
  EXPECT_EQ(OptimizerOf(spec).schedule().decay_steps(), 7);
  EXPECT_EQ(OptimizerOf(spec).schedule().factor(), 0);
  const std::string once = spec.SerializeAsString();
  ASSERT_TRUE(PlanJob(spec, {}).ok());
  EXPECT_EQ(spec.SerializeAsString(), once);
}

TEST(TrainOptimizer, RefusesFieldsOfOthers) {
  const auto refused = [](const auto& change) {
    v1::Spec spec = ShortSpec();
    change(OptimizerOf(spec));
    const absl::Status status = PlanStatus(spec);
    return FieldOf(status) + " " + ReasonOf(status);
  };
  const std::string path = "spec.train.optimizer.";
  EXPECT_EQ(refused([](v1::Optimizer& o) { o.set_momentum(0.5); }),
            path + "momentum OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) { o.set_nesterov(false); }),
            path + "nesterov OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) { o.set_weight_decay(0); }),
            path + "weight_decay OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) {
              o.set_name(v1::Optimizer::SGD);
              o.set_beta2(0.9);
            }),
            path + "beta2 OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) {
              o.set_name(v1::Optimizer::ADAMW);
              o.set_momentum(0);
            }),
            path + "momentum OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) {
              o.set_name(v1::Optimizer::SGD);
              o.set_momentum(0);
              o.set_nesterov(true);
            }),
            path + "nesterov CONTRADICTION");
  EXPECT_EQ(refused([](v1::Optimizer& o) { o.set_learning_rate(0); }),
            path + "learning_rate OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) { o.set_learning_rate(-1); }),
            path + "learning_rate OUT_OF_RANGE");
  EXPECT_EQ(
      refused([](v1::Optimizer& o) { o.mutable_schedule()->set_factor(0.5); }),
      path + "schedule.factor OUT_OF_RANGE");
  EXPECT_EQ(refused([](v1::Optimizer& o) {
              o.mutable_schedule()->set_shape(v1::LearningRateSchedule::STEP);
              o.mutable_schedule()->set_factor(0);
            }),
            path + "schedule.factor OUT_OF_RANGE");
}

HostArray Filled(const std::vector<int64_t>& shape, double value) {
  const auto size = static_cast<std::size_t>(NumElements(shape));
  return HostArray::FromDoubles(std::vector<double>(size, value), shape, {});
}

TEST(TrainInputs, MasksInitialArraysAndFrozenOnesReachTheResult) {
  v1::Spec spec = ShortSpec();
  v1::TrainSpec& train = *spec.mutable_train();
  train.add_frozen("w_out");
  train.set_snapshot_every(5);
  train.mutable_regularization()->set_l2(1e-3);
  train.mutable_regularization()->set_spatial_cost(1e-3);
  InputArrays inputs;
  HostArray mask(v1::DType::BOOL, {10, 10});
  for (int64_t i = 0; i < 10; ++i) {
    mask.mutable_data()[11 * i] = std::byte{1};
  }
  inputs["mask/w_rec"] = mask;
  inputs["initial/w_out"] = Filled({3, 10}, 0.25);
  inputs["positions"] = Filled({10, 3}, 1);
  const auto outcome = RunJob(spec, inputs, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const HostArray& w_rec = outcome->outputs.at("w_rec");
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(w_rec.At(i) == 0, i % 11 != 0) << i;
  }
  const HostArray& w_out = outcome->outputs.at("w_out");
  for (int64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(w_out.At(i), 0.25);
  }
  const HostArray& snapshots = outcome->outputs.at("snapshots/w_rec");
  EXPECT_EQ(snapshots.shape(), (std::vector<int64_t>{4, 10, 10}));
  EXPECT_EQ(snapshots.dtype(), v1::DType::FLOAT32);
  EXPECT_EQ(snapshots.axes(),
            (std::vector<std::string>{"snapshot", "unit", "source"}));
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(snapshots.At(i), outcome->outputs.at("initial/w_rec").At(i));
    EXPECT_EQ(snapshots.At(300 + i), w_rec.At(i));
  }
  EXPECT_EQ(outcome->outputs.at("snapshots/b_in").shape(),
            (std::vector<int64_t>{4, 10}));
  EXPECT_EQ(outcome->outputs.at("snapshots/step").ToDoubles(),
            (std::vector<double>{0, 5, 10, 12}));
  EXPECT_EQ(outcome->outputs.at("penalty").At(11),
            outcome->summary.train().final_penalty());
  // Units in one place cost nothing but their l2.
  EXPECT_GT(outcome->summary.train().final_penalty(), 0);
  EXPECT_LT(outcome->summary.train().final_penalty(), 0.1);
}

TEST(TrainInputs, OutputsWithEveryOptionAreThoseOfThePlan) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->set_snapshot_every(5);
  spec.mutable_train()->mutable_regularization()->set_rate_l2(0.1);
  const auto plan = PlanJob(spec, {});
  ASSERT_TRUE(plan.ok());
  const auto outcome = RunJob(spec, {}, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ExpectLongestOutputsOfPlan(*plan, *outcome);
}

TEST(TrainInputs, RefusalsNameTheInput) {
  v1::Spec spec = ShortSpec();
  const auto refused = [&](const std::string& name, const HostArray& array) {
    const absl::Status status =
        RunJob(spec, {{name, array}}, kEnoughBytes, {}).status();
    return FieldOf(status) + " " + ReasonOf(status);
  };
  EXPECT_EQ(refused("mask/w_rec", Filled({10, 9}, 1)),
            "inputs.mask/w_rec WRONG_SHAPE");
  EXPECT_EQ(refused("mask/w_rec", Filled({9, 9}, 1)),
            "inputs.mask/w_rec WRONG_SHAPE");
  EXPECT_EQ(refused("mask/w_in", Filled({10, 2}, 1)),
            "inputs.mask/w_in WRONG_SHAPE");
  EXPECT_EQ(refused("mask/w_in", Filled({10}, 1)),
            "inputs.mask/w_in WRONG_SHAPE");
  EXPECT_EQ(refused("mask/w_out", Filled({3, 10}, 0.5)),
            "inputs.mask/w_out NOT_BINARY");
  EXPECT_EQ(refused("mask/b_in", Filled({10}, 1)),
            "inputs.mask/b_in UNKNOWN_INPUT");
  EXPECT_EQ(refused("initial/b_out", Filled({4}, 1)),
            "inputs.initial/b_out WRONG_SHAPE");
  EXPECT_EQ(refused("initial/w_rec", Filled({10, 10}, std::nan(""))),
            "inputs.initial/w_rec NOT_FINITE");
  // Nothing would use them.
  EXPECT_EQ(refused("positions", Filled({10, 3}, 1)),
            "inputs.positions CONTRADICTION");
  spec.mutable_train()->mutable_regularization()->set_spatial_cost(1e-3);
  EXPECT_EQ(refused("positions", Filled({10, 2}, 1)),
            "inputs.positions WRONG_SHAPE");
  EXPECT_EQ(refused("distances", Filled({10, 3}, 1)),
            "inputs.distances WRONG_SHAPE");
  EXPECT_EQ(refused("distances", Filled({10, 10}, -1)),
            "inputs.distances OUT_OF_RANGE");
  const InputArrays both = {{"distances", Filled({10, 10}, 1)},
                            {"positions", Filled({10, 3}, 1)}};
  EXPECT_EQ(FieldOf(RunJob(spec, both, kEnoughBytes, {}).status()),
            "inputs.distances");
}

TEST(TrainInputs, CountInThePlan) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->mutable_model()->set_hidden_size(1000);
  const auto without = PlanJob(spec, {});
  InputInfos inputs;
  inputs["mask/w_rec"] = {v1::DType::FLOAT64, {1000, 1000}, {}, nullptr};
  const auto with = PlanJob(spec, inputs);
  ASSERT_TRUE(without.ok() && with.ok());
  EXPECT_GE(with->memory_bytes, without->memory_bytes + 16 * 1000 * 1000);
}

TEST(TrainFrozen, UnknownNamesAreRefused) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->add_frozen("w_in");
  spec.mutable_train()->add_frozen("w_recurrent");
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.frozen[1]");
  EXPECT_EQ(ReasonOf(PlanStatus(spec)), "OUT_OF_RANGE");
  spec.mutable_train()->clear_frozen();
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    spec.mutable_train()->add_frozen(name);
  }
  EXPECT_EQ(FieldOf(PlanStatus(spec)), "spec.train.frozen");
  EXPECT_EQ(ReasonOf(PlanStatus(spec)), "CONTRADICTION");
}

TEST(TrainPatience, EndsAsAnEarlyStop) {
  v1::Spec spec = ShortSpec();
  spec.mutable_train()->set_max_steps(2000);
  spec.mutable_train()->set_patience(1);
  OptimizerOf(spec).set_learning_rate(1e-12);
  const auto outcome = RunJob(spec, {}, kEnoughBytes, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.train().stop_reason(), v1::TrainStop::EARLY_STOP);
  EXPECT_LT(outcome->summary.train().steps(), 2000);
  EXPECT_FALSE(outcome->summary.train().has_final_penalty());
}

}  // namespace
}  // namespace modbound
