#include "core/base/error.h"
#include "core/statistics/correlation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "module_kinds.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

v1::Spec CompareMatrices() {
  v1::Spec spec;
  spec.mutable_compare_matrices();
  return spec;
}

TEST(CompareMatricesKind, CorrelatesUpperTriangles) {
  const Matrix a = LoadGolden("weight_similarity", "cosine_k8").ToMatrix();
  const Matrix b = LoadGolden("weight_similarity", "hamming_k8").ToMatrix();
  const auto outcome = RunKind(CompareMatrices(),
                               {{"a", HostArray::FromMatrix(a, {})},
                                {"b", HostArray::FromMatrix(b, {})}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const v1::CompareMatricesSummary& summary =
      outcome->summary.compare_matrices();
  const Correlation pearson =
      PearsonCorrelation(UpperTriangle(a), UpperTriangle(b));
  EXPECT_EQ(summary.pearson_r(), pearson.r);
  EXPECT_EQ(summary.pearson_p(), pearson.p);
  EXPECT_EQ(
      summary.spearman_r(),
      SpearmanCorrelation(UpperTriangle(a), UpperTriangle(b), Execution())->r);
  // Both are similarities of the same rows: no permutation comes near.
  EXPECT_EQ(summary.mantel_p(), 1.0 / 1001);
  EXPECT_TRUE(outcome->outputs.empty());
}

TEST(CompareMatricesKind, IsAsPlannedAndTheSameAtAnyThreadCount) {
  v1::Spec spec = CompareMatrices();
  spec.mutable_compare_matrices()->set_permutations(50);
  ExpectPlannedAndRepeatable(
      spec,
      {{"a", GoldenInput("weight_similarity", "cosine_k2")},
       {"b", GoldenInput("weight_similarity", "hamming_k2")}});
}

TEST(CompareMatricesKind, WithoutPermutationsLeavesMantelOut) {
  v1::Spec spec = CompareMatrices();
  spec.mutable_compare_matrices()->set_permutations(0);
  const HostArray a = GoldenInput("weight_similarity", "cosine_k2");
  const auto outcome = RunKind(spec, {{"a", a}, {"b", a}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->summary.compare_matrices().has_mantel_p());
  EXPECT_NEAR(outcome->summary.compare_matrices().pearson_r(), 1, 1e-14);
}

TEST(CompareMatricesKind, CountsRanksAndPermutations) {
  v1::Spec spec = CompareMatrices();
  spec.mutable_compare_matrices()->set_permutations(50);
  const HostArray a = GoldenInput("weight_similarity", "cosine_k2");
  ProgressLog log;
  ASSERT_TRUE(
      RunJob(spec, {{"a", a}, {"b", a}}, int64_t{1} << 30, log.Watch(2)).ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("first, ranks: 2 of 2 blocks",
                                   "second, ranks: 2 of 2 blocks",
                                   "permutations: 50 of 50 permutations"));
}

TEST(CompareMatricesKind, RefusesAsymmetricAndTinyMatrices) {
  Matrix asymmetric = Matrix::Identity(4, 4);
  asymmetric(0, 3) = 1;
  const HostArray good = HostArray::FromMatrix(Matrix::Identity(4, 4), {});
  const absl::Status status =
      RunKind(CompareMatrices(),
              {{"a", good}, {"b", HostArray::FromMatrix(asymmetric, {})}})
          .status();
  EXPECT_EQ(ReasonOf(status), reason::kNotSymmetric);
  EXPECT_EQ(FieldOf(status), "inputs.b");
  const HostArray tiny = HostArray::FromMatrix(Matrix::Identity(2, 2), {});
  EXPECT_EQ(
      ReasonOf(RunKind(CompareMatrices(), {{"a", tiny}, {"b", tiny}}).status()),
      reason::kDegenerate);
}

}  // namespace
}  // namespace modbound
