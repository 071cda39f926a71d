// Partitions of many units: what is held, and what is not.

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "partition_kind.h"

namespace modbound {
namespace {

TEST(PartitionKind, EstimatesMemoryAboveItsArrays) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(100);
  const InputInfos infos = {
      {"matrix", {v1::DType::FLOAT64, {20000, 20000}, std::nullopt, nullptr}}};
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok());
  // The input, which the problem is made in; not a matrix a thread.
  constexpr int64_t kMatrix = 8 * int64_t{20000} * 20000;
  EXPECT_GT(plan->memory_bytes, kMatrix);
  EXPECT_LT(plan->memory_bytes, 3 * kMatrix / 2);
  // A copy for the gammas to come.
  spec.mutable_partition()->add_gammas(1);
  spec.mutable_partition()->add_gammas(2);
  spec.mutable_partition()->clear_gamma();
  const auto of_sweep = PlanJob(spec, infos);
  ASSERT_TRUE(of_sweep.ok()) << of_sweep.status();
  EXPECT_GT(of_sweep->memory_bytes, 3 * kMatrix);
  EXPECT_LT(of_sweep->memory_bytes, 6 * kMatrix);
}

// Weights of eight planted modules of n units, some of them negative.
HostArray Planted(int64_t n, DTypeEnum dtype) {
  HostArray array(dtype, {n, n}, {});
  const auto value = [](int64_t i, int64_t j) {
    // Of few binary digits: the same in both types.
    const int64_t noise = (i * 7919 + j * 7919 + i * j * 31) % 64 - 32;
    return (i % 8 == j % 8 ? 0.5 : 0) + static_cast<double>(noise) / 64;
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      if (dtype == v1::DType::FLOAT32) {
        reinterpret_cast<float*>(array.mutable_data())[i * n + j] =
            static_cast<float>(value(i, j));
      } else {
        reinterpret_cast<double*>(array.mutable_data())[i * n + j] =
            value(i, j);
      }
    }
  }
  return array;
}

v1::Spec OneRun() {
  v1::Spec spec;
  spec.mutable_partition()->set_runs(1);
  spec.mutable_partition()->set_consensus(v1::Consensus::NONE);
  return spec;
}

TEST(PartitionKind, OfALargeFloat32MatrixIsThatOfTheSameDoubles) {
  constexpr int64_t kUnits = 4100;
  const HostArray floats = Planted(kUnits, v1::DType::FLOAT32);
  const float first = *reinterpret_cast<const float*>(floats.data());
  const auto one = RunKind(OneRun(), {{"matrix", floats}});
  ASSERT_TRUE(one.ok()) << one.status();
  // What others hold is not written to.
  EXPECT_EQ(*reinterpret_cast<const float*>(floats.data()), first);
  const auto doubles =
      RunKind(OneRun(), {{"matrix", Planted(kUnits, v1::DType::FLOAT64)}});
  ASSERT_TRUE(doubles.ok()) << doubles.status();
  EXPECT_EQ(one->summary.partition().quality(),
            doubles->summary.partition().quality());
  EXPECT_EQ(one->outputs.at("labels").ToLabels(),
            doubles->outputs.at("labels").ToLabels());
  const auto two = RunKind(OneRun(), {{"matrix", floats}}, 2);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(one->summary.partition().quality(),
            two->summary.partition().quality());
  EXPECT_EQ(one->outputs.at("run_labels").ToLabels(),
            two->outputs.at("run_labels").ToLabels());
}

TEST(PartitionKind, OfALargeFloat32MatrixIsPlannedAsOneCopy) {
  v1::Spec spec = OneRun();
  const InputInfos infos = {
      {"matrix", {v1::DType::FLOAT32, {29696, 29696}, std::nullopt, nullptr}}};
  const auto plan = PlanJob(spec, infos, {2});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->max_threads, 2);
  EXPECT_GT(plan->memory_bytes, 4 * int64_t{29696} * 29696);
  EXPECT_LT(plan->memory_bytes, 6 * int64_t{29696} * 29696);
}

TEST(PartitionKind, OfManyUnitsIsPlannedWithoutTheirProducts) {
  v1::Spec spec = OneRun();
  spec.mutable_partition()->set_quality(v1::QualityFunction::NEGATIVE_SYM);
  const InputInfos infos = {
      {"activity", {v1::DType::FLOAT32, {1100, 29696}, std::nullopt, nullptr}}};
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok());
  EXPECT_LT(plan->memory_bytes, int64_t{2} << 30);
  // The array that leaves.
  spec.mutable_partition()->add_outputs("agreement");
  const auto named = PlanJob(spec, infos);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->memory_bytes - plan->memory_bytes,
            4 * int64_t{29696} * 29696);
}

constexpr int64_t kUnits = 16400;

// Four patterns over time, each unit following one; the last unit is silent.
Matrix FourPatterns() {
  constexpr int64_t kSteps = 6;
  Matrix activity(kSteps, kUnits);
  for (int64_t t = 0; t < kSteps; ++t) {
    for (int64_t i = 0; i < kUnits; ++i) {
      const int64_t noise = (i * 7919 + t * 104729 + i * t) % 64 - 32;
      activity(t, i) = (t == i % 4 ? 1 : 0) + static_cast<double>(noise) / 1000;
    }
  }
  activity.col(kUnits - 1).setZero();
  return activity;
}

void ExpectFourPatterns(const Outcome& outcome) {
  const v1::PartitionSummary& summary = outcome.summary.partition();
  EXPECT_EQ(summary.num_modules(), 4);
  ASSERT_EQ(summary.excluded_units_size(), 1);
  EXPECT_EQ(summary.excluded_units(0), kUnits - 1);
  const Labels labels = outcome.outputs.at("labels").ToLabels();
  for (int64_t i = 0; i + 1 < kUnits; ++i) {
    ASSERT_EQ(labels[i], labels[i % 4]) << i;
  }
}

TEST(PartitionKind, OfManyUnitsFindsTheirModulesWithoutTheirProducts) {
  const HostArray activity = Columns(FourPatterns());
  v1::Spec spec = OneRun();
  spec.mutable_partition()->set_quality(v1::QualityFunction::NEGATIVE_SYM);
  const auto one = RunKind(spec, {{"activity", activity}});
  ASSERT_TRUE(one.ok()) << one.status();
  ExpectFourPatterns(*one);
  const auto two = RunKind(spec, {{"activity", activity}}, 2);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(one->summary.partition().quality(),
            two->summary.partition().quality());
}

// The default job of many units: products stored as float32.
TEST(PartitionKind, OfManyFloat32UnitsFindsTheirModules) {
  const auto one =
      RunKind(OneRun(),
              {{"activity",
                HostArray::FromMatrix(FourPatterns(), {}, v1::DType::FLOAT32)}},
              2);
  ASSERT_TRUE(one.ok()) << one.status();
  ExpectFourPatterns(*one);
}

// Nothing is read, nor made: the estimate alone is too large.
TEST(PartitionKind, AMatrixBeyondTheMemoryLimitIsRefusedWithItsBytes) {
  const InputInfos infos = {
      {"matrix", {v1::DType::FLOAT64, {60000, 60000}, std::nullopt, nullptr}}};
  v1::Spec spec = OneRun();
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const absl::Status refused = CheckMemory(*plan, int64_t{16} << 30);
  EXPECT_EQ(ReasonOf(refused), reason::kMemoryLimit);
  EXPECT_EQ(std::string(refused.message()),
            absl::StrCat("the job needs about ",
                         plan->memory_bytes,
                         " bytes; allowed: 17179869184"));
  EXPECT_GT(plan->memory_bytes, 8 * int64_t{60000} * 60000);
}

// Whether the networks of an ensemble are symmetric is known only when each is
// looked at: what they are planned with is enough for doubles.
TEST(PartitionKind, AnEnsembleOfDirectedFloat32NetworksIsPartitioned) {
  HostArray matrices(v1::DType::FLOAT32, {2, 12, 12}, {});
  auto* values = reinterpret_cast<float*>(matrices.mutable_data());
  for (int64_t e = 0; e < matrices.size(); ++e) {
    values[e] = static_cast<float>(e * 7919 % 64 - 20) / 64;
  }
  v1::Spec spec = OneRun();
  spec.mutable_partition()->set_directed(true);
  const auto outcome = RunKind(spec, {{"matrix", matrices}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.ensemble().failed_networks(), 0)
      << outcome->summary.ensemble().ShortDebugString();
}

TEST(PartitionKind, OfASmallMatrixIsPlannedSmall) {
  v1::Spec spec = PartitionSpec();
  const InputInfos infos = {
      {"matrix", {v1::DType::FLOAT64, {36, 36}, std::nullopt, nullptr}}};
  const auto plan = PlanJob(spec, infos);
  ASSERT_TRUE(plan.ok());
  EXPECT_LT(plan->memory_bytes, 1 << 20);
}

}  // namespace
}  // namespace modbound
