#include <cmath>

#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;

InputArrays SequenceInputs(const std::string& golden) {
  InputArrays inputs = GoldenNetworkArrays(golden);
  inputs["labels"] = GoldenHostArray(golden, "modules");
  inputs["input_sequence"] = GoldenHostArray(golden, "inputs");
  inputs["ground_truth"] = GoldenHostArray(golden, "ground_truth");
  return inputs;
}

InputArrays TaskInputs() {
  InputArrays inputs = SequenceInputs("output_lesion_pdm");
  inputs.erase("input_sequence");
  inputs.erase("ground_truth");
  return inputs;
}

v1::Spec SequenceSpec() {
  v1::Spec spec;
  spec.mutable_output_lesion()->set_controls(3);
  return spec;
}

v1::Spec TaskLesionSpec() {
  v1::Spec spec;
  v1::OutputLesionSpec& lesion = *spec.mutable_output_lesion();
  lesion.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  lesion.set_trials(60);
  lesion.set_repeats(4);
  lesion.set_controls(5);
  return spec;
}

TEST(OutputLesionKind, GivenTrialsAreGolden) {
  for (const char* golden : {"output_lesion_pdm", "output_lesion_gng"}) {
    const auto outcome = RunWithThreads(SequenceSpec(), SequenceInputs(golden));
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const GoldenArray expected = LoadGolden(golden, "accuracy_lesioned");
    const HostArray& accuracy = outcome->outputs.at("accuracy");
    EXPECT_EQ(accuracy.shape(),
              (std::vector<int64_t>{expected.shape[0], 2, 1}));
    ExpectClose(
        accuracy.ToVector(),
        Eigen::Map<const Vector>(expected.values.data(),
                                 static_cast<int64_t>(expected.values.size())),
        0,
        1e-12,
        "accuracy");
    ExpectClose(outcome->outputs.at("intact_accuracy").ToMatrix(),
                LoadGolden(golden, "accuracy_intact").ToMatrix(),
                0,
                1e-12,
                "intact_accuracy");
    const v1::OutputLesionSummary& summary = outcome->summary.output_lesion();
    ASSERT_EQ(summary.modules_size(), expected.shape[0]);
    EXPECT_TRUE(summary.modules(0).zero_variance());
    EXPECT_TRUE(std::isnan(summary.modules(0).t()));
  }
}

TEST(OutputLesionKind, SummaryHoldsMeansOverRepeats) {
  const auto outcome = RunWithThreads(TaskLesionSpec(), TaskInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::OutputLesionSummary& summary = outcome->summary.output_lesion();
  const HostArray& accuracy = outcome->outputs.at("accuracy");
  EXPECT_EQ(accuracy.shape(), (std::vector<int64_t>{4, 2, 4}));
  for (int m = 0; m < 4; ++m) {
    for (int type = 0; type < 2; ++type) {
      double sum = 0;
      for (int repeat = 0; repeat < 4; ++repeat) {
        sum += accuracy.At((m * 2 + type) * 4 + repeat);
      }
      EXPECT_NEAR(summary.modules(m).accuracy(type), sum / 4, 1e-15);
    }
  }
  // The network is trained: intact it is nearly always right, and without
  // module 2 (golden: 0 and .22) hardly ever.
  EXPECT_GT(summary.intact_accuracy(0), 0.8);
  EXPECT_LT(summary.modules(2).accuracy(0), 0.2);
}

TEST(OutputLesionKind, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  ExpectPlannedAndSameAtAnyThreadCount(TaskLesionSpec(), TaskInputs());
  ExpectPlannedAndSameAtAnyThreadCount(SequenceSpec(),
                                       SequenceInputs("output_lesion_gng"));
  v1::Spec spec = TaskLesionSpec();
  spec.mutable_output_lesion()->set_controls(0);
  spec.mutable_output_lesion()->add_modules(3);
  spec.mutable_output_lesion()->add_modules(1);
  ExpectPlannedAndSameAtAnyThreadCount(spec, TaskInputs());
}

TEST(OutputLesionKind, RefusesASequenceWithFieldsOfATask) {
  const InputArrays inputs = SequenceInputs("output_lesion_pdm");
  v1::Spec spec = SequenceSpec();
  spec.mutable_output_lesion()->set_trials(10);
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            Refusal(reason::kContradiction, "spec.output_lesion.trials"));
  spec = SequenceSpec();
  spec.mutable_output_lesion()->set_repeats(2);
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            Refusal(reason::kContradiction, "spec.output_lesion.repeats"));
  spec = SequenceSpec();
  spec.mutable_output_lesion()->mutable_task()->set_name(
      v1::Task::PERCEPTUAL_DECISION_MAKING);
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            Refusal(reason::kContradiction, "spec.output_lesion.task"));
}

TEST(OutputLesionKind, RefusesInputsThatDoNotFit) {
  InputArrays inputs = SequenceInputs("output_lesion_pdm");
  inputs.erase("ground_truth");
  EXPECT_EQ(SubmitRefusalOf(SequenceSpec(), inputs),
            Refusal(reason::kMissingField, "inputs.ground_truth"));
  inputs["ground_truth"] = HostArray::FromLabels(Labels(200, 2), {});
  EXPECT_EQ(RefusalOf(SequenceSpec(), inputs),
            Refusal(reason::kOutOfRange, "inputs.ground_truth"));
  inputs.erase("input_sequence");
  EXPECT_EQ(SubmitRefusalOf(TaskLesionSpec(), inputs),
            Refusal(reason::kContradiction, "inputs.ground_truth"));
  inputs = TaskInputs();
  inputs["labels"] = HostArray::FromLabels(Labels(63, 0), {});
  EXPECT_EQ(SubmitRefusalOf(TaskLesionSpec(), inputs),
            Refusal(reason::kWrongShape, "inputs.labels"));
  EXPECT_EQ(SubmitRefusalOf(SequenceSpec(), TaskInputs()),
            Refusal(reason::kMissingField, "spec.output_lesion.task"));
}

TEST(OutputLesionKind, RefusesModulesThatAreNotThere) {
  v1::Spec spec = TaskLesionSpec();
  spec.mutable_output_lesion()->add_modules(4);
  EXPECT_EQ(RefusalOf(spec, TaskInputs()),
            Refusal(reason::kContradiction, "spec.output_lesion.modules[0]"));
  // A gap in the labels is found by the run.
  InputArrays inputs = TaskInputs();
  Labels labels = inputs.at("labels").ToLabels();
  for (int32_t& label : labels) {
    label = label == 1 ? 0 : label;
  }
  inputs["labels"] = HostArray::FromLabels(labels, {});
  spec.mutable_output_lesion()->set_modules(0, 1);
  EXPECT_EQ(RefusalOf(spec, inputs),
            Refusal(reason::kContradiction, "spec.output_lesion.modules"));
}

TEST(OutputLesionKind, MemoryDoesNotGrowWithControlsOrLabelNumbers) {
  v1::Spec few = TaskLesionSpec();
  v1::Spec many = TaskLesionSpec();
  many.mutable_output_lesion()->set_controls(100000);
  EXPECT_EQ(PlanJob(few, InfosOf(TaskInputs()))->memory_bytes,
            PlanJob(many, InfosOf(TaskInputs()))->memory_bytes);
}

}  // namespace
}  // namespace modbound
