#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"

namespace modbound {
namespace {

v1::Spec QualitySpec() {
  v1::Spec spec;
  spec.mutable_quality();
  return spec;
}

InputInfos Infos(std::vector<int64_t> matrix, std::vector<int64_t> labels) {
  return {
      {"matrix",
       {v1::DType::FLOAT64, std::move(matrix), std::nullopt, nullptr}},
      {"labels", {v1::DType::INT32, std::move(labels), std::nullopt, nullptr}}};
}

absl::Status PlanStatus(const InputInfos& inputs) {
  v1::Spec spec = QualitySpec();
  return PlanJob(spec, inputs).status();
}

HostArray Square(std::vector<double> values, int64_t n) {
  return HostArray::FromDoubles(values, {n, n}, {});
}

absl::StatusOr<Outcome> RunOn(HostArray matrix,
                              Labels labels,
                              v1::Spec spec = QualitySpec()) {
  return RunJob(
      spec,
      {{"matrix", matrix}, {"labels", HostArray::FromLabels(labels, {})}},
      1 << 20,
      {});
}

TEST(PlanJob, KnowsTheShapeOfItsOutputs) {
  v1::Spec spec = QualitySpec();
  const auto plan = PlanJob(spec, Infos({10, 10}, {3, 10}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->outputs.size(), 1u);
  EXPECT_EQ(plan->outputs[0].shape, std::vector<int64_t>{3});
  EXPECT_GE(plan->memory_bytes, 10 * 10 * 8);
  EXPECT_EQ(spec.quality().gamma(), 1);  // defaults are filled in
}

TEST(PlanJob, LabelsOfAnotherLengthAreRefusedNamingBothInputs) {
  const absl::Status status = PlanStatus(Infos({10, 10}, {9}));
  EXPECT_EQ(ReasonOf(status), "WRONG_SHAPE");
  EXPECT_EQ(FieldOf(status), "inputs.labels");
  EXPECT_NE(status.message().find("N = 10 as in inputs.matrix"),
            absl::string_view::npos)
      << status;
}

TEST(PlanJob, NonSquareMatrixIsRefused) {
  EXPECT_EQ(FieldOf(PlanStatus(Infos({10, 9}, {10}))), "inputs.matrix");
}

TEST(PlanJob, EmptyArrayIsRefused) {
  EXPECT_EQ(ReasonOf(PlanStatus(Infos({0, 0}, {0}))), "WRONG_SHAPE");
}

TEST(PlanJob, UnknownExtentsOfAPendingJobAreAccepted) {
  EXPECT_TRUE(PlanStatus(Infos({-1, -1}, {-1, -1})).ok());
}

TEST(PlanJob, MissingAndUnknownInputsAreNamed) {
  InputInfos inputs = Infos({4, 4}, {4});
  inputs["weights"] = inputs["matrix"];
  EXPECT_EQ(ReasonOf(PlanStatus(inputs)), "UNKNOWN_INPUT");
  inputs.erase("weights");
  inputs.erase("labels");
  EXPECT_EQ(FieldOf(PlanStatus(inputs)), "inputs.labels");
}

TEST(PlanJob, FieldsOfTheKindCarryTheirWholePath) {
  v1::Spec spec = QualitySpec();
  spec.mutable_quality()->set_gamma(-1);
  EXPECT_EQ(FieldOf(PlanJob(spec, Infos({4, 4}, {4})).status()),
            "spec.quality.gamma");
}

TEST(RunJob, RefusesValuesBeforeTheFirstKernelWithTheReasonOfSubmit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ReasonOf(RunOn(Square({0, nan, nan, 0}, 2), {0, 0}).status()),
            "NOT_FINITE");
  EXPECT_EQ(ReasonOf(RunOn(Square({0, 1, 2, 0}, 2), {0, 0}).status()),
            "NOT_SYMMETRIC");
  EXPECT_EQ(ReasonOf(RunOn(Square({0, 1, 1, 0}, 2), {0, -2}).status()),
            "BAD_LABELS");
  v1::Spec spec = QualitySpec();
  spec.mutable_quality()->set_quality(v1::QualityFunction::MODULARITY);
  EXPECT_EQ(ReasonOf(RunOn(Square({0, -1, -1, 0}, 2), {0, 0}, spec).status()),
            "NEGATIVE_WEIGHT");
  spec.mutable_quality()->set_quality(v1::QualityFunction::POTTS);
  EXPECT_EQ(ReasonOf(RunOn(Square({0, 2, 2, 0}, 2), {0, 0}, spec).status()),
            "NOT_BINARY");
}

TEST(RunJob, RefusesMoreMemoryThanAllowed) {
  const auto outcome = RunJob(QualitySpec(),
                              {{"matrix", Square({0, 1, 1, 0}, 2)},
                               {"labels", HostArray::FromLabels({0, 0}, {})}},
                              10,
                              {});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(outcome.status()), "MEMORY_LIMIT");
}

TEST(RunJob, EvaluatesTwoCliques) {
  // Two disjoint pairs, weight 1: s = 4, k = 1. Split in pairs: Q = sum over
  // the 4 within ordered pairs 1/4, minus 2 modules x 4 ordered pairs x 1/16.
  const auto outcome =
      RunOn(Square({0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0}, 4),
            {0, 0, 1, 1});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_DOUBLE_EQ(outcome->outputs.at("quality").At(0), 1.0 - 8.0 / 16.0);
  EXPECT_EQ(outcome->summary.quality().num_partitions(), 1);
}

}  // namespace
}  // namespace modbound
