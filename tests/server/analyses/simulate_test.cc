#include <string>
#include <vector>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_inputs.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr int64_t kPlenty = int64_t{1} << 32;

HostArray GoldenArrayOf(const std::string& golden, const std::string& name) {
  const GoldenArray array = LoadGolden(golden, name);
  return HostArray::FromDoubles(array.values, array.shape, {});
}

InputArrays GoldenNetwork(const std::string& golden) {
  InputArrays inputs;
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    inputs[name] = GoldenArrayOf(golden, name);
  }
  return inputs;
}

v1::Spec TaskSpecMessage() {
  v1::Spec spec;
  v1::SimulateSpec& simulate = *spec.mutable_simulate();
  simulate.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  simulate.set_trials(40);
  return spec;
}

v1::Spec GivenInputSpec() {
  v1::Spec spec;
  spec.mutable_simulate();
  return spec;
}

// What is known of the network's arrays at submit, made by `producer`.
InputInfos NetworkInfos(const v1::Spec* producer) {
  InputInfos infos;
  const auto add = [&](const char* name, std::vector<int64_t> shape) {
    infos[name] = {
        v1::DType::FLOAT32, std::move(shape), std::nullopt, producer};
  };
  add("w_in", {10, 3});
  add("b_in", {10});
  add("w_rec", {10, 10});
  add("b_rec", {10});
  add("w_out", {3, 10});
  add("b_out", {3});
  return infos;
}

// A filled spec of a train job.
v1::Spec TrainJob() {
  v1::Spec spec;
  v1::TrainSpec& train = *spec.mutable_train();
  train.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  train.mutable_task()->set_stimulus_ms(1000);
  train.mutable_model()->set_activation(v1::Activation::TANH);
  train.mutable_model()->set_dt(50);
  EXPECT_TRUE(PlanJob(spec, {}).ok());
  return spec;
}

TEST(Simulate, GivenInputsAreGolden) {
  v1::Spec spec = GivenInputSpec();
  spec.mutable_simulate()->set_dt(20);
  spec.mutable_simulate()->set_update(v1::Update::LEAK_INSIDE);
  InputArrays inputs = GoldenNetwork("ctrnn_forward_n64");
  inputs["input_sequence"] = GoldenArrayOf("ctrnn_forward_n64", "inputs");
  const auto outcome = RunJob(spec, inputs, kPlenty, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const GoldenArray states =
      LoadGolden("ctrnn_forward_n64", "states_a020_inside");
  const HostArray& activity = outcome->outputs.at("activity");
  EXPECT_EQ(activity.shape(), states.shape);
  ExpectClose(activity.ToMatrix(), states.ToMatrix(), 1e-11, 1e-12, "states");
  ExpectClose(outcome->outputs.at("outputs").ToMatrix(),
              LoadGolden("ctrnn_forward_n64", "outputs_a020_inside").ToMatrix(),
              1e-11,
              1e-12,
              "outputs");
  EXPECT_FALSE(outcome->summary.simulate().has_accuracy());
  inputs["initial_state"] = GoldenArrayOf("ctrnn_forward_n64", "h0");
  const auto started = RunJob(spec, inputs, kPlenty, {});
  ASSERT_TRUE(started.ok()) << started.status();
  ExpectClose(
      started->outputs.at("outputs").ToMatrix(),
      LoadGolden("ctrnn_forward_n64", "outputs_a020_inside_h0").ToMatrix(),
      1e-11,
      1e-12,
      "outputs from h0");
}

TEST(Simulate, TaskOutputsAreThoseOfThePlan) {
  v1::Spec spec = TaskSpecMessage();
  const InputArrays inputs = GoldenNetwork("ctrnn_forward_n5");
  InputInfos infos;
  for (const auto& [name, array] : inputs) {
    infos[name] = {array.dtype(), array.shape(), std::nullopt, nullptr};
  }
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto outcome = RunJob(spec, inputs, kPlenty, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.size(), plan->outputs.size());
  for (const PlannedOutput& output : plan->outputs) {
    const HostArray& array = outcome->outputs.at(output.name);
    EXPECT_EQ(array.dtype(), output.dtype) << output.name;
    EXPECT_EQ(array.shape(), output.shape) << output.name;
    EXPECT_EQ(array.axes(), output.axes) << output.name;
  }
  EXPECT_EQ(outcome->outputs.at("activity").shape(),
            (std::vector<int64_t>{40 * 22, 5}));
}

TEST(Simulate, SummaryCountsTheTrials) {
  const auto outcome =
      RunJob(TaskSpecMessage(), GoldenNetwork("ctrnn_forward_n5"), kPlenty, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const std::vector<double> correct =
      outcome->outputs.at("correct").ToDoubles();
  const std::vector<double> choice = outcome->outputs.at("choice").ToDoubles();
  const std::vector<double> truth =
      outcome->outputs.at("ground_truth").ToDoubles();
  double right = 0;
  for (std::size_t k = 0; k < 40; ++k) {
    EXPECT_EQ(correct[k], choice[k] == truth[k] + 1 ? 1 : 0);
    right += correct[k];
  }
  EXPECT_DOUBLE_EQ(outcome->summary.simulate().accuracy_all(), right / 40);
  EXPECT_EQ(outcome->outputs.at("trial").At(22 * 39), 39);
}

TEST(Simulate, SameBytesAtAnyThreadCount) {
  Execution four;
  four.threads = 4;
  const InputArrays inputs = GoldenNetwork("ctrnn_forward_n64");
  const auto a = RunJob(TaskSpecMessage(), inputs, kPlenty, {});
  const auto b = RunJob(TaskSpecMessage(), inputs, kPlenty, four);
  ASSERT_TRUE(a.ok() && b.ok());
  for (const auto& [name, array] : a->outputs) {
    EXPECT_EQ(array.ToDoubles(), b->outputs.at(name).ToDoubles()) << name;
  }
}

TEST(Simulate, TakesTaskAndModelFromTheJobThatTrained) {
  const v1::Spec train = TrainJob();
  v1::Spec spec = GivenInputSpec();
  const auto plan = PlanJob(spec, NetworkInfos(&train));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const v1::SimulateSpec& simulate = spec.simulate();
  EXPECT_EQ(simulate.activation(), v1::Activation::TANH);
  EXPECT_EQ(simulate.update(), v1::Update::LEAK_OUTSIDE);
  EXPECT_EQ(simulate.dt(), 50);
  EXPECT_EQ(simulate.tau(), 100);
  EXPECT_EQ(simulate.task().stimulus_ms(), 1000);
  EXPECT_EQ(simulate.trials(), 100);
  // 2 + 20 + 0 + 2 steps at dt 50.
  EXPECT_EQ(plan->outputs[0].shape, (std::vector<int64_t>{2400, 10}));
}

TEST(Simulate, UploadedArraysHaveTheGeneralDefaults) {
  v1::Spec spec = TaskSpecMessage();
  ASSERT_TRUE(PlanJob(spec, NetworkInfos(nullptr)).ok());
  EXPECT_EQ(spec.simulate().activation(), v1::Activation::RELU);
  EXPECT_EQ(spec.simulate().update(), v1::Update::LEAK_OUTSIDE);
  EXPECT_EQ(spec.simulate().dt(), 100);
  EXPECT_EQ(spec.simulate().tau(), 100);
}

absl::Status PlanStatus(v1::Spec spec, const InputInfos& inputs) {
  return PlanJob(spec, inputs).status();
}

TEST(Simulate, RefusesWhatContradictsTheTraining) {
  const v1::Spec train = TrainJob();
  const InputInfos inputs = NetworkInfos(&train);
  v1::Spec spec = GivenInputSpec();
  spec.mutable_simulate()->set_activation(v1::Activation::RELU);
  EXPECT_EQ(ReasonOf(PlanStatus(spec, inputs)), "CONTRADICTION");
  EXPECT_EQ(FieldOf(PlanStatus(spec, inputs)), "spec.simulate.activation");
  EXPECT_NE(PlanStatus(spec, inputs).message().find("TANH"),
            absl::string_view::npos);
  spec = GivenInputSpec();
  spec.mutable_simulate()->set_dt(100);
  EXPECT_EQ(FieldOf(PlanStatus(spec, inputs)), "spec.simulate.dt");
  spec = GivenInputSpec();
  spec.mutable_simulate()->set_tau(200);
  EXPECT_EQ(FieldOf(PlanStatus(spec, inputs)), "spec.simulate.tau");
  spec = GivenInputSpec();
  spec.mutable_simulate()->set_update(v1::Update::LEAK_INSIDE);
  EXPECT_EQ(FieldOf(PlanStatus(spec, inputs)), "spec.simulate.update");
  // What agrees is accepted.
  spec = GivenInputSpec();
  spec.mutable_simulate()->set_dt(50);
  EXPECT_TRUE(PlanStatus(spec, inputs).ok());
}

TEST(Simulate, RefusesArraysOfJobsWithOtherModels) {
  const v1::Spec train = TrainJob();
  v1::Spec other = train;
  other.mutable_train()->mutable_model()->set_tau(300);
  InputInfos inputs = NetworkInfos(&train);
  inputs["w_out"].producer = &other;
  const absl::Status status = PlanStatus(GivenInputSpec(), inputs);
  EXPECT_EQ(ReasonOf(status), "CONTRADICTION");
  EXPECT_EQ(FieldOf(status), "inputs.w_out");
}

TEST(Simulate, NeedsATaskWhenNoJobSaysWhich) {
  const absl::Status status =
      PlanStatus(GivenInputSpec(), NetworkInfos(nullptr));
  EXPECT_EQ(ReasonOf(status), "MISSING_FIELD");
  EXPECT_EQ(FieldOf(status), "spec.simulate.task");
}

TEST(Simulate, RefusesATaskThatDoesNotFit) {
  v1::Spec spec = TaskSpecMessage();
  spec.mutable_simulate()->mutable_task()->set_name(v1::Task::GO_NOGO);
  const absl::Status status = PlanStatus(spec, NetworkInfos(nullptr));
  EXPECT_EQ(ReasonOf(status), "CONTRADICTION");
  EXPECT_EQ(FieldOf(status), "spec.simulate.task");
}

TEST(Simulate, RefusesTaskOrTrialsBesideAnInputSequence) {
  InputInfos inputs = NetworkInfos(nullptr);
  inputs["input_sequence"] = {
      v1::DType::FLOAT64, {7, 5, 3}, std::nullopt, nullptr};
  EXPECT_TRUE(PlanStatus(GivenInputSpec(), inputs).ok());
  EXPECT_EQ(FieldOf(PlanStatus(TaskSpecMessage(), inputs)),
            "spec.simulate.task");
  v1::Spec spec = GivenInputSpec();
  spec.mutable_simulate()->set_trials(3);
  EXPECT_EQ(FieldOf(PlanStatus(spec, inputs)), "spec.simulate.trials");
}

TEST(Simulate, RefusesInputsThatDoNotFitTogether) {
  InputInfos inputs = NetworkInfos(nullptr);
  inputs["input_sequence"] = {
      v1::DType::FLOAT64, {7, 5, 4}, std::nullopt, nullptr};
  EXPECT_EQ(FieldOf(PlanStatus(GivenInputSpec(), inputs)),
            "inputs.input_sequence");
  inputs["input_sequence"].shape = {7, 5, 3};
  inputs["initial_state"] = {
      v1::DType::FLOAT64, {4, 10}, std::nullopt, nullptr};
  EXPECT_EQ(FieldOf(PlanStatus(GivenInputSpec(), inputs)),
            "inputs.initial_state");
  inputs["initial_state"].shape = {1, 10};
  EXPECT_TRUE(PlanStatus(GivenInputSpec(), inputs).ok());
}

TEST(Simulate, RefusesADtLongerThanTau) {
  v1::Spec spec = TaskSpecMessage();
  spec.mutable_simulate()->set_tau(50);
  const absl::Status status = PlanStatus(spec, NetworkInfos(nullptr));
  EXPECT_EQ(FieldOf(status), "spec.simulate.dt");
  EXPECT_EQ(ReasonOf(status), "CONTRADICTION");
}

TEST(Simulate, AbsurdSizesAreRefusedByEstimate) {
  v1::Spec spec = TaskSpecMessage();
  spec.mutable_simulate()->set_trials(1000000);
  spec.mutable_simulate()->mutable_task()->set_delay_ms(1e6);
  const auto outcome =
      RunJob(spec, GoldenNetwork("ctrnn_forward_n5"), int64_t{1} << 30, {});
  EXPECT_EQ(ReasonOf(outcome.status()), "MEMORY_LIMIT");
}

TEST(Simulate, UnknownShapesOfAPendingJobArePlanned) {
  const v1::Spec train = TrainJob();
  InputInfos inputs = NetworkInfos(&train);
  for (auto& [name, info] : inputs) {
    info.shape.assign(info.shape.size(), -1);
  }
  v1::Spec spec = GivenInputSpec();
  const auto plan = PlanJob(spec, inputs);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->outputs[0].shape, (std::vector<int64_t>{2400, -1}));
}

}  // namespace
}  // namespace modbound
