#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "module_kinds.h"

namespace modbound {
namespace {

v1::Spec ComparePartitions() {
  v1::Spec spec;
  spec.mutable_compare_partitions();
  return spec;
}

TEST(ComparePartitionsKind, AgreesWithGolden) {
  const auto outcome =
      RunKind(ComparePartitions(),
              {{"labels", GoldenInput("partition_stats", "partitions")}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  for (const char* name : {"rand", "ari", "nmi", "mi", "vi", "vin", "zrand"}) {
    ExpectClose(outcome->outputs.at(name).ToMatrix(),
                LoadGolden("partition_stats", name).ToMatrix(),
                1e-10,
                1e-12,
                name);
  }
  EXPECT_EQ(outcome->outputs.count("ami"), 1u);
  EXPECT_EQ(outcome->summary.compare_partitions().num_partitions(), 6);
  EXPECT_EQ(outcome->summary.compare_partitions().dropped_units(), 0);
}

TEST(ComparePartitionsKind, IsAsPlannedAndTheSameAtAnyThreadCount) {
  ExpectPlannedAndRepeatable(
      ComparePartitions(),
      {{"labels", GoldenInput("partition_stats", "partitions")}});
}

TEST(ComparePartitionsKind, MakesOnlyTheMeasuresWanted) {
  v1::Spec spec = ComparePartitions();
  spec.mutable_compare_partitions()->add_measures(v1::PartitionMeasure::VI);
  spec.mutable_compare_partitions()->add_measures(v1::PartitionMeasure::AMI);
  const HostArray labels =
      HostArray::FromInts({0, 0, 1, -1, 0, 1, 1, 1, 0, 0, 1, 1}, {3, 4}, {});
  const auto outcome = RunKind(spec, {{"labels", labels}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(outcome->outputs.size(), 2u);
  // Rows 0 and 2 agree on the three units that both label.
  EXPECT_EQ(outcome->outputs.at("vi").ToMatrix()(0, 2), 0);
  EXPECT_NEAR(outcome->outputs.at("ami").ToMatrix()(0, 2), 1, 1e-14);
  EXPECT_EQ(outcome->summary.compare_partitions().dropped_units(), 1);
}

TEST(ComparePartitionsKind, RenumbersModulesToAgreeWithTheFirst) {
  v1::Spec spec = ComparePartitions();
  spec.mutable_compare_partitions()->add_measures(v1::PartitionMeasure::ARI);
  spec.mutable_compare_partitions()->set_match_labels(true);
  // The second calls the modules of the first by each other's numbers, the
  // third has one more and leaves a unit out: its module of the last unit gets
  // the first number that is free.
  const HostArray labels = HostArray::FromInts(
      {0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 2, 2, -1, 0, 1}, {3, 5}, {});
  const auto outcome = RunKind(spec, {{"labels", labels}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(outcome->outputs.size(), 2u);
  const HostArray& matched = outcome->outputs.at("matched_labels");
  const std::vector<int64_t> expected = {
      0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, -1};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(matched.At(static_cast<int64_t>(i)), expected[i]) << i;
  }
  // Of the last two one is module 1, the other the first free number, 2.
  EXPECT_EQ(matched.At(13) + matched.At(14), 3);
  ExpectPlannedAndRepeatable(spec, {{"labels", labels}});
}

// As of a network that failed in an ensemble.
TEST(ComparePartitionsKind, APartitionOfNoUnitIsLikeNone) {
  const HostArray labels =
      HostArray::FromInts({0, 0, 1, 1, -1, -1, -1, -1, 0, 0, 1, 1}, {3, 4}, {});
  const auto outcome = RunKind(ComparePartitions(), {{"labels", labels}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->outputs.size(), 8u);
  for (const auto& [name, array] : outcome->outputs) {
    const Matrix values = array.ToMatrix();
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(std::isnan(values(1, i)) && std::isnan(values(i, 1))) << name;
    }
    EXPECT_FALSE(std::isnan(values(0, 2))) << name;
  }
}

TEST(ComparePartitionsKind, HoldsOneMatrixAMeasure) {
  const auto memory_of = [](int64_t P, int measures) {
    v1::Spec spec = ComparePartitions();
    for (int i = 0; i < measures; ++i) {
      spec.mutable_compare_partitions()->add_measures(
          static_cast<v1::PartitionMeasure::Name>(i + 1));
    }
    const InputInfos infos = {
        {"labels", {v1::DType::INT32, {P, 10}, std::nullopt, nullptr}}};
    return static_cast<double>(PlanJob(spec, infos)->memory_bytes);
  };
  const double matrix = 8e6 * 1e2;  // 10,000 partitions
  EXPECT_NEAR(memory_of(10000, 8), 8 * matrix, 0.01 * matrix);
  EXPECT_NEAR(memory_of(10000, 1), matrix, 0.01 * matrix);
}

TEST(ComparePartitionsKind, ReportsEveryPair) {
  Execution execution;
  execution.threads = 2;
  int64_t done = -1;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.unit, "pairs");
    EXPECT_EQ(update.total, 21);
    done = update.done;
  };
  ASSERT_TRUE(RunJob(ComparePartitions(),
                     {{"labels", GoldenInput("partition_stats", "partitions")}},
                     1 << 30,
                     execution)
                  .ok());
  EXPECT_EQ(done, 21);
}

TEST(ComparePartitionsKind, RefusesLabelsThatAreNone) {
  const absl::Status status =
      RunKind(ComparePartitions(),
              {{"labels", HostArray::FromDoubles({0, 0.5}, {1, 2}, {})}})
          .status();
  EXPECT_EQ(ReasonOf(status), reason::kBadLabels);
  EXPECT_EQ(FieldOf(status), "inputs.labels");
}

}  // namespace
}  // namespace modbound
