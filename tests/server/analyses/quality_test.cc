#include "core/modules/quality.h"

#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "module_kinds.h"

namespace modbound {
namespace {

constexpr char kQualityCase[] = "modularity_corr64_zerodiag";

v1::Spec QualitySpec() {
  v1::Spec spec;
  spec.mutable_quality();
  return spec;
}

InputArrays GoldenInputs() {
  return {{"matrix", GoldenInput(kQualityCase, "weights")},
          {"labels", GoldenInput(kQualityCase, "partitions")}};
}

TEST(QualityKind, OfGoldenPartitions) {
  const auto outcome = RunKind(QualitySpec(), GoldenInputs());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const Vector expected =
      LoadGolden(kQualityCase, "q_negative_asym").ToMatrix().col(1);
  ExpectClose(outcome->outputs.at("quality").ToVector(),
              expected,
              1e-10,
              1e-12,
              "quality");
  const v1::QualitySummary& summary = outcome->summary.quality();
  EXPECT_EQ(summary.num_partitions(), expected.size());
  Eigen::Index best = 0;
  EXPECT_NEAR(summary.best_quality(), expected.maxCoeff(&best), 1e-12);
  EXPECT_EQ(summary.best_partition(), best);
}

TEST(QualityKind, PartitionsMayLeaveOutDifferentUnits) {
  Labels all = GoldenInputs().at("labels").ToLabels();
  all[3] = all[64 + 7] = all[64 + 8] = all[128 + 3] = -1;
  InputArrays inputs = GoldenInputs();
  inputs["labels"] = HostArray::FromInts(all, {5, 64}, {});
  const auto outcome = RunKind(QualitySpec(), inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const Matrix weights = inputs.at("matrix").ToMatrix();
  for (int p = 0; p < 5; ++p) {
    const Labels one(all.begin() + p * 64, all.begin() + (p + 1) * 64);
    EXPECT_EQ(outcome->outputs.at("quality").At(p),
              *Quality(weights, one, QualityOptions()))
        << p;
  }
  ExpectPlannedAndRepeatable(QualitySpec(), inputs);
}

TEST(QualityKind, RefusesAPartitionWithoutUnits) {
  InputArrays inputs = GoldenInputs();
  Labels all = inputs.at("labels").ToLabels();
  std::fill(all.begin() + 64, all.begin() + 128, -1);
  inputs["labels"] = HostArray::FromInts(all, {5, 64}, {});
  const absl::Status status = RunKind(QualitySpec(), inputs).status();
  EXPECT_EQ(ReasonOf(status), reason::kDegenerate);
  EXPECT_EQ(FieldOf(status), "inputs.labels");
}

TEST(QualityKind, StopsWhenAsked) {
  StopFlag stop;
  Execution execution;
  execution.stop = &stop;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.phase, "quality");
    stop.Stop();
  };
  EXPECT_EQ(
      ReasonOf(
          RunJob(QualitySpec(), GoldenInputs(), 1 << 30, execution).status()),
      reason::kCancelled);
}

TEST(QualityKind, HoldsTwoCopiesOfTheMatrixWhateverTheThreads) {
  const auto memory_of = [](int64_t P, int cores, bool has_null) {
    v1::Spec spec = QualitySpec();
    InputInfos infos = {
        {"matrix", {v1::DType::FLOAT64, {4000, 4000}, std::nullopt, nullptr}},
        {"labels", {v1::DType::INT32, {P, 4000}, std::nullopt, nullptr}}};
    if (has_null) {
      spec.mutable_quality()->set_quality(v1::QualityFunction::CUSTOM);
      infos["null_matrix"] = infos["matrix"];
    }
    return static_cast<double>(PlanJob(spec, infos, {cores})->memory_bytes);
  };
  const double matrix = 8.0 * 4000 * 4000;
  EXPECT_NEAR(memory_of(1, 1, false), 3 * matrix, 0.05 * matrix);
  // Besides, 9 bytes a label and a batch a thread: less than one matrix more.
  EXPECT_NEAR(memory_of(1000, 64, false), 3.5 * matrix, 0.5 * matrix);
  EXPECT_NEAR(memory_of(1, 1, true), 7 * matrix, 0.05 * matrix);
}

}  // namespace
}  // namespace modbound
