#include <limits>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"

namespace modbound {
namespace {

v1::Spec UnseededQuality() {
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
  v1::Spec spec = UnseededQuality();
  return PlanJob(spec, inputs).status();
}

HostArray Square(std::vector<double> values, int64_t n) {
  return HostArray::FromDoubles(values, {n, n}, {});
}

absl::StatusOr<Outcome> RunOn(HostArray matrix,
                              Labels labels,
                              v1::Spec spec = UnseededQuality()) {
  return RunJob(
      spec,
      {{"matrix", matrix}, {"labels", HostArray::FromLabels(labels, {})}},
      1 << 20,
      {});
}

TEST(PlanJob, KnowsTheShapeOfItsOutputs) {
  v1::Spec spec = UnseededQuality();
  const auto plan = PlanJob(spec, Infos({10, 10}, {3, 10}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->outputs.size(), 1u);
  EXPECT_EQ(plan->outputs[0].shape, std::vector<int64_t>{3});
  EXPECT_GE(plan->memory_bytes, 10 * 10 * 8);
  EXPECT_EQ(spec.quality().gamma(), 1);  // defaults are filled in
}

InputInfos PartitionInfos(int64_t units) {
  return {
      {"matrix", {v1::DType::FLOAT64, {units, units}, std::nullopt, nullptr}}};
}

Plan PlanPartitionOf(int64_t units, const JobLimits& limits) {
  v1::Spec spec;
  spec.mutable_partition()->set_runs(3);
  spec.mutable_partition()->set_consensus(v1::Consensus::NONE);
  return PlanJob(spec, PartitionInfos(units), limits).value();
}

TEST(PlanJob, ChargesTheThreadsThatAJobCanBeGiven) {
  const Plan one = PlanPartitionOf(500, {1});
  ASSERT_GT(one.thread_bytes, 0);
  EXPECT_EQ(one.max_threads, 1);
  const Plan two = PlanPartitionOf(500, {2});
  EXPECT_EQ(two.max_threads, 2);
  EXPECT_EQ(two.memory_bytes, one.memory_bytes + one.thread_bytes);
  // Three runs cannot use more.
  const Plan many = PlanPartitionOf(500, {64});
  EXPECT_EQ(many.max_threads, 3);
  EXPECT_EQ(many.memory_bytes, one.memory_bytes + 2 * one.thread_bytes);
}

TEST(PlanJob, GivesNoMoreThreadsThanTheMemoryAllows) {
  const Plan one = PlanPartitionOf(500, {1});
  const int64_t room = one.memory_bytes + one.thread_bytes;
  EXPECT_EQ(PlanPartitionOf(500, {64, room}).max_threads, 2);
  EXPECT_EQ(PlanPartitionOf(500, {64, room}).memory_bytes, room);
  EXPECT_EQ(PlanPartitionOf(500, {64, room - 1}).max_threads, 1);
  // Refused by CheckMemory, with what one thread needs.
  const Plan none = PlanPartitionOf(500, {64, 1000});
  EXPECT_EQ(none.max_threads, 1);
  EXPECT_EQ(none.memory_bytes, one.memory_bytes);
  EXPECT_FALSE(CheckMemory(none, 1000).ok());
}

TEST(PlanJob, AnEstimateBeyond64BitsIsTheLargest) {
  const Plan plan = PlanPartitionOf(int64_t{1} << 29, {1000});
  EXPECT_GT(plan.memory_bytes, int64_t{1} << 60);
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
  v1::Spec spec = UnseededQuality();
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
  v1::Spec spec = UnseededQuality();
  spec.mutable_quality()->set_quality(v1::QualityFunction::MODULARITY);
  EXPECT_EQ(ReasonOf(RunOn(Square({0, -1, -1, 0}, 2), {0, 0}, spec).status()),
            "NEGATIVE_WEIGHT");
  spec.mutable_quality()->set_quality(v1::QualityFunction::POTTS);
  EXPECT_EQ(ReasonOf(RunOn(Square({0, 2, 2, 0}, 2), {0, 0}, spec).status()),
            "NOT_BINARY");
}

TEST(RunJob, RefusesMoreMemoryThanAllowed) {
  const auto outcome = RunJob(UnseededQuality(),
                              {{"matrix", Square({0, 1, 1, 0}, 2)},
                               {"labels", HostArray::FromLabels({0, 0}, {})}},
                              10,
                              {});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(outcome.status()), "MEMORY_LIMIT");
}

TEST(RunJob, AccountsForTheThreadsOfTheRun) {
  // Sixty-four partitions: up to four threads of sixteen each.
  const HostArray labels = HostArray::FromInts(
      std::vector<int32_t>(std::size_t{64} * 8, 0), {64, 8}, {});
  const auto run = [&](int threads, int64_t memory_limit) {
    Execution execution;
    execution.threads = threads;
    return RunJob(UnseededQuality(),
                  {{"matrix", Square(std::vector<double>(64, 0), 8)},
                   {"labels", labels}},
                  memory_limit,
                  execution)
        ->peak_job_bytes;
  };
  const int64_t one = run(1, 1 << 20);
  const int64_t two = run(2, 1 << 20);
  EXPECT_GT(two, one);
  EXPECT_EQ(run(8, 1 << 20), one + 3 * (two - one));
  // What the memory does not allow, it does without.
  EXPECT_EQ(run(8, two), two);
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
