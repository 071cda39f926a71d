// Gammas and hierarchy of a partition.

#include <set>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "partition_kind.h"

namespace modbound {
namespace {

TEST(PartitionKind, ASweepHasALeadingAxis) {
  const InputArrays inputs = {
      {"matrix", GoldenInput("modularity_noise64_zerodiag", "weights")}};
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(8);
  v1::Spec sweep = spec;
  for (const double gamma : {0.5, 1., 2.}) {
    sweep.mutable_partition()->add_gammas(gamma);
  }
  ExpectPlannedAndRepeatable(sweep, inputs);
  const auto all = RunKind(sweep, inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->outputs.count("agreement"), 0u);
  EXPECT_EQ(all->outputs.at("run_labels").shape(),
            (std::vector<int64_t>{3, 8, 64}));
  // Each is a job with that gamma.
  const Matrix labels = all->outputs.at("labels").ToMatrix();
  const std::vector<double> quality = all->outputs.at("quality").ToDoubles();
  const std::vector<double> modules =
      all->outputs.at("num_modules").ToDoubles();
  const std::vector<double> variation = all->outputs.at("run_vi").ToDoubles();
  for (int g = 0; g < 3; ++g) {
    spec.mutable_partition()->set_gamma(sweep.partition().gammas(g));
    const auto one = RunKind(spec, inputs);
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->outputs.at("labels").ToMatrix(), labels.row(g).transpose());
    EXPECT_EQ(one->summary.partition().quality(), quality[g]);
    EXPECT_EQ(one->summary.partition().num_modules(), modules[g]);
    EXPECT_GT(variation[g], 0);
    EXPECT_LT(variation[g], 1);
    if (g == 0) {
      EXPECT_EQ(one->summary.SerializeAsString(),
                all->summary.SerializeAsString());
    }
  }
}

TEST(PartitionKind, TheAgreementOfASweepIsMadeWhenNamed) {
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(5);
  spec.mutable_partition()->add_gammas(1);
  spec.mutable_partition()->add_gammas(1);
  spec.mutable_partition()->add_outputs("agreement");
  const InputArrays inputs = {{"matrix", GoldenInput(kTrained, "weights")}};
  ExpectPlannedAndRepeatable(spec, inputs);
  const auto outcome = RunKind(spec, inputs);
  const HostArray& agreement = outcome->outputs.at("agreement");
  EXPECT_EQ(agreement.shape(), (std::vector<int64_t>{2, 64, 64}));
  const std::vector<double> counts = agreement.ToDoubles();
  EXPECT_TRUE(std::equal(
      counts.begin(), counts.begin() + 64 * 64, counts.begin() + 64 * 64));
}

// Two blocks of 12 units, each of three blocks of 4.
TEST(PartitionKind, AHierarchyBeginsWithTheLabels) {
  Matrix matrix(24, 24);
  for (Eigen::Index i = 0; i < 24; ++i) {
    for (Eigen::Index j = 0; j < 24; ++j) {
      matrix(i, j) = i / 4 == j / 4 ? 3 : i / 12 == j / 12 ? 1 : 0.1;
    }
  }
  const InputArrays inputs = {{"matrix", Columns(matrix)}};
  v1::Spec spec = PartitionSpec();
  spec.mutable_partition()->set_runs(10);
  spec.mutable_partition()->set_hierarchy(true);
  const auto outcome = RunKind(spec, inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const HostArray& levels = outcome->outputs.at("hierarchy");
  ASSERT_EQ(levels.shape(), (std::vector<int64_t>{2, 24}));
  const Matrix labels = levels.ToMatrix();
  EXPECT_EQ(labels.row(0).transpose(),
            outcome->outputs.at("labels").ToMatrix());
  for (Eigen::Index i = 0; i < 24; ++i) {
    const Eigen::Index coarse = i / 12;
    const Eigen::Index fine = i / 4;
    EXPECT_EQ(labels(0, i), static_cast<double>(coarse));
    EXPECT_EQ(labels(1, i), static_cast<double>(fine));
  }
  const auto plan = PlanUnseen(spec, inputs);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->outputs.back().shape, (std::vector<int64_t>{-1, 24}));
}

TEST(PartitionKind, RefusesGammasThatDoNotFit) {
  const InputArrays inputs = {{"matrix", GoldenInput(kTrained, "weights")}};
  const auto refused = [&](double first,
                           const char* reason,
                           const std::string& field,
                           void (*change)(v1::PartitionSpec&)) {
    v1::Spec spec = PartitionSpec();
    spec.mutable_partition()->add_gammas(first);
    change(*spec.mutable_partition());
    const absl::Status status = RefusedPlan(spec, inputs);
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(FieldOf(status), "spec.partition." + field);
  };
  const auto nothing = [](v1::PartitionSpec&) {};
  refused(0, reason::kOutOfRange, "gammas[0]", nothing);
  refused(2e6, reason::kOutOfRange, "gammas[0]", nothing);
  refused(NAN, reason::kOutOfRange, "gammas[0]", nothing);
  refused(1, reason::kContradiction, "gammas", [](v1::PartitionSpec& spec) {
    spec.set_gamma(1);
  });
  refused(1, reason::kContradiction, "hierarchy", [](v1::PartitionSpec& spec) {
    spec.set_hierarchy(true);
  });
  refused(1, "TOO_LARGE", "gammas", [](v1::PartitionSpec& spec) {
    for (int g = 0; g < 100; ++g) {
      spec.add_gammas(1);
    }
  });
}

TEST(PartitionKind, FillsTheDefaultGamma) {
  v1::Spec spec = PartitionSpec();
  ASSERT_TRUE(
      PlanUnseen(spec, {{"matrix", GoldenInput(kTrained, "weights")}}).ok());
  EXPECT_EQ(spec.partition().gamma(), 1);
}

}  // namespace
}  // namespace modbound
