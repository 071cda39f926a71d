#include "core/modules/similarity.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/progress_log.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

Matrix ToColumn(const std::vector<uint8_t>& valid) {
  Matrix column(static_cast<Eigen::Index>(valid.size()), 1);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    column(static_cast<Eigen::Index>(i), 0) = valid[i];
  }
  return column;
}

TEST(CorrelationOfColumns, AgreesWithGolden) {
  const auto result = CorrelationOfColumns(
      LoadGolden("pca", "activity").ToMatrix(), Execution());
  ASSERT_TRUE(result.ok());
  ExpectClose(result->values,
              LoadGolden("pca", "activity_correlation").ToMatrix(),
              1e-9,
              1e-10,
              "activity_correlation");
  EXPECT_EQ(ToColumn(result->valid),
            LoadGolden("pca", "activity_valid").ToMatrix());
}

class GoldenWeights : public testing::TestWithParam<const char*> {};

TEST_P(GoldenWeights, CosineAndHammingOfRows) {
  const std::string k = GetParam();
  const Matrix weights =
      LoadGolden("weight_similarity", "weights_" + k).ToMatrix();
  const auto hamming = HammingOfRows(weights, Execution());
  const auto cosine = CosineOfRows(weights, Execution());
  ASSERT_TRUE(hamming.ok() && cosine.ok());
  ExpectClose(hamming->values,
              LoadGolden("weight_similarity", "hamming_" + k).ToMatrix(),
              0,
              1e-12,
              "hamming");
  ExpectClose(cosine->values,
              LoadGolden("weight_similarity", "cosine_" + k).ToMatrix(),
              1e-11,
              1e-12,
              "cosine");
  // Row 3 is all zero.
  EXPECT_EQ(cosine->valid[3], 0);
  EXPECT_EQ(cosine->values(3, 3), 0);
  EXPECT_EQ(hamming->values(3, 3), 1);
}

TEST(Similarity, OfColumnsIsThatOfRowsWithSilentUnitsLeftOut) {
  Matrix activity = RandomMatrix(9, 6, 4);
  activity.col(2).setConstant(3);
  activity.col(5).setZero();
  const std::vector<uint8_t> active = {1, 1, 0, 1, 1, 0};
  for (const auto& [columns, rows] :
       {std::pair{CosineOfColumns(activity, Execution()),
                  CosineOfRows(activity.transpose(), Execution())},
        std::pair{HammingOfColumns(activity, Execution()),
                  HammingOfRows(activity.transpose(), Execution())}}) {
    ASSERT_TRUE(columns.ok() && rows.ok());
    EXPECT_EQ(columns->valid, active);
    for (Eigen::Index i = 0; i < 6; ++i) {
      for (Eigen::Index j = 0; j < 6; ++j) {
        EXPECT_EQ(columns->values(i, j),
                  active[i] != 0 && active[j] != 0 ? rows->values(i, j) : 0);
      }
    }
  }
}

TEST(CorrelationOfRows, IsThatOfColumnsOfTheTranspose) {
  Matrix weights = RandomMatrix(7, 5, 6);
  weights.row(3).setConstant(-2);
  const auto rows = CorrelationOfRows(weights, Execution());
  const auto columns = CorrelationOfColumns(weights.transpose(), Execution());
  ASSERT_TRUE(rows.ok() && columns.ok());
  EXPECT_EQ(rows->values, columns->values);
  EXPECT_EQ(rows->valid, (std::vector<uint8_t>{1, 1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(
      FieldOf(CorrelationOfRows(Matrix::Ones(3, 1), Execution()).status()),
      "weights");
}

TEST(Similarity, ReportsEveryPairAndEveryUnit) {
  // More units than one block of rows.
  const Matrix weights = RandomMatrix(300, 4, 7);
  ProgressLog log;
  ASSERT_TRUE(CosineOfRows(weights, ForPart(log.Watch(2), "cosine")).ok());
  ASSERT_TRUE(HammingOfRows(weights, ForPart(log.Watch(2), "signs")).ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("cosine, similarity: 45150 of 45150 pairs",
                                   "signs, similarity: 300 of 300 units"));
}

INSTANTIATE_TEST_SUITE_P(Columns,
                         GoldenWeights,
                         testing::Values("k2", "k3", "k8"));

TEST(CorrelationOfColumns, IsExactlySymmetricWithUnitDiagonal) {
  // More units than one block.
  const Matrix activity = RandomMatrix(40, 700, 1);
  const auto result = CorrelationOfColumns(activity, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->values, Matrix(result->values.transpose()));
  EXPECT_EQ(result->values.diagonal(), Vector::Ones(700));
  EXPECT_LE(result->values.cwiseAbs().maxCoeff(), 1);
  Matrix centred = activity;
  centred.rowwise() -= activity.colwise().mean();
  centred.colwise().normalize();
  ExpectClose(result->values, centred.transpose() * centred, 0, 1e-14, "r");
}

TEST(CorrelationOfColumns, SameBytesAtAnyThreadCount) {
  const Matrix activity = RandomMatrix(30, 600, 2);
  Execution four;
  four.threads = 4;
  EXPECT_EQ(CorrelationOfColumns(activity, Execution())->values,
            CorrelationOfColumns(activity, four)->values);
}

TEST(CorrelationOfColumns, KeepsItsDigitsOnALargeOffset) {
  const Matrix activity = RandomMatrix(50, 6, 3);
  ExpectClose(CorrelationOfColumns(activity.array() + 1e6, Execution())->values,
              CorrelationOfColumns(activity, Execution())->values,
              0,
              1e-9,
              "offset");
}

TEST(ActiveColumns, JudgesSdAgainstTheLargestActivity) {
  // Largest value 10: sd 1e-8 is the limit. Columns: varying, constant, noise
  // of sd 5e-9, noise of sd 2e-8, zero.
  Matrix activity(2, 5);
  activity << 10, 3, 1 + 5e-9, 1 + 2e-8, 0,  //
      -10, 3, 1 - 5e-9, 1 - 2e-8, 0;
  const std::vector<uint8_t> expected = {1, 0, 0, 1, 0};
  EXPECT_EQ(ActiveColumns(activity, {}).value(), expected);
  EXPECT_EQ(ActiveColumns(1e200 * activity, {}).value(), expected);
  const auto result = CorrelationOfColumns(activity, Execution());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->valid, expected);
  EXPECT_TRUE(result->values.row(1).isZero(0));
  EXPECT_TRUE(result->values.col(2).isZero(0));
  EXPECT_NEAR(result->values(0, 3), 1, 1e-15);
  EXPECT_EQ(ActiveColumns(Matrix::Zero(4, 2), {}).value(),
            (std::vector<uint8_t>{0, 0}));
}

// More time points than are added up at once: the same up to rounding, and the
// same bytes whatever the threads.
TEST(Similarity, LongActivityIsAddedUpInFixedBlocks) {
  constexpr int kSteps = 20000;
  Matrix activity(kSteps, 3);
  RandomStream random(5, RandomPurpose::kSimulationTrials, 0);
  for (int t = 0; t < kSteps; ++t) {
    const double shared = random.Normal();
    activity.row(t) << shared, shared + random.Normal(), -3;
  }
  Execution many;
  many.threads = 3;
  const auto one = CorrelationOfColumns(activity, Execution());
  const auto three = CorrelationOfColumns(activity, many);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->values, three->values);
  EXPECT_EQ(one->valid, (std::vector<uint8_t>{1, 1, 0}));
  const Eigen::VectorXd a = activity.col(0).array() - activity.col(0).mean();
  const Eigen::VectorXd b = activity.col(1).array() - activity.col(1).mean();
  EXPECT_NEAR(one->values(0, 1), a.dot(b) / (a.norm() * b.norm()), 1e-13);
}

TEST(Similarity, RefusesWhatIsUndefined) {
  Matrix bad = Matrix::Ones(3, 2);
  bad(1, 1) = std::nan("");
  const absl::Status status = CorrelationOfColumns(bad, Execution()).status();
  EXPECT_EQ(ReasonOf(status), reason::kNotFinite);
  EXPECT_EQ(FieldOf(status), "activity");
  EXPECT_EQ(ReasonOf(CosineOfRows(bad, Execution()).status()),
            reason::kNotFinite);
  EXPECT_EQ(
      ReasonOf(CorrelationOfColumns(Matrix::Ones(1, 3), Execution()).status()),
      reason::kDegenerate);
  EXPECT_EQ(ReasonOf(HammingOfRows(Matrix(3, 0), Execution()).status()),
            reason::kDegenerate);
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(ReasonOf(CosineOfRows(Matrix::Ones(3, 3), stopped).status()),
            reason::kCancelled);
}

}  // namespace
}  // namespace modbound
