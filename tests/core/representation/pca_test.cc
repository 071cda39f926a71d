#include "core/representation/pca.h"

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/progress_log.h"
#include "support/random_matrix.h"
#include "support/threads.h"

namespace modbound {
namespace {

void ExpectOrthonormalRows(const Matrix& rows, double tolerance) {
  ExpectClose(rows * rows.transpose(),
              Matrix::Identity(rows.rows(), rows.rows()),
              0,
              tolerance,
              "components components'");
}

class PcaGolden : public testing::TestWithParam<const char*> {};

TEST_P(PcaGolden, AgreesWithTheReference) {
  const std::string name = GetParam();
  const Matrix activity = LoadGolden("pca", name).ToMatrix();
  const auto golden = [&](const char* array) {
    return LoadGolden("pca", name + "_" + array);
  };
  const auto all = ComputePca(activity, activity.cols(), Threads(1));
  ASSERT_TRUE(all.ok()) << all.status();
  ExpectClose(all->mean, golden("mean").ToVector(), 1e-12, 1e-12, "mean");
  ExpectClose(all->explained_variance,
              golden("explained_variance").ToVector(),
              1e-9,
              1e-11,
              "explained_variance");
  ExpectClose(all->explained_variance / all->total_variance,
              golden("explained_variance_ratio").ToVector(),
              1e-9,
              1e-11,
              "ratio");
  const auto pca = ComputePca(activity, 5, Threads(2));
  ASSERT_TRUE(pca.ok());
  // The golden signs follow our rule.
  ExpectClose(pca->components,
              golden("components").ToMatrix(),
              1e-7,
              1e-8,
              "components");
  ExpectClose(pca->scores, golden("scores").ToMatrix(), 1e-7, 1e-7, "scores");
}

INSTANTIATE_TEST_SUITE_P(Pca, PcaGolden, testing::Values("activity", "gauss"));

TEST(Pca, TwoUnitsOnALineHaveOneComponent) {
  // x = -1, 0, 1 and y = 2 x: variance 1 + 4 = 5 along (1, 2) / sqrt 5, none
  // across it; the larger loading is the second one.
  Matrix activity(3, 2);
  activity << -1, -2, 0, 0, 1, 2;
  const auto pca = ComputePca(activity, 2, Threads(1));
  ASSERT_TRUE(pca.ok());
  EXPECT_NEAR(pca->explained_variance(0), 5, 1e-14);
  EXPECT_NEAR(pca->explained_variance(1), 0, 1e-14);
  EXPECT_GE(pca->explained_variance(1), 0);
  EXPECT_NEAR(pca->components(0, 0), 1 / std::sqrt(5), 1e-14);
  EXPECT_NEAR(pca->components(0, 1), 2 / std::sqrt(5), 1e-14);
  EXPECT_NEAR(pca->scores(2, 0), std::sqrt(5), 1e-14);
}

TEST(Pca, FewTimePointsAndManyUnitsGiveTheSameAsTheCovariance) {
  // The side is chosen by the shape: the same data with units of no variance
  // added takes the other way and must give the same components.
  const Matrix few = RandomMatrix(12, 9, 1);
  Matrix wide = Matrix::Constant(12, 40, 3.0);
  wide.leftCols(9) = few;
  const auto narrow = ComputePca(few, 9, Threads(1));
  const auto gram = ComputePca(wide, 9, Threads(1));
  ASSERT_TRUE(narrow.ok() && gram.ok());
  ExpectClose(gram->explained_variance,
              narrow->explained_variance,
              1e-11,
              1e-12,
              "variance");
  ExpectClose(
      gram->components.leftCols(9), narrow->components, 0, 1e-10, "components");
  ExpectClose(gram->scores, narrow->scores, 0, 1e-10, "scores");
}

TEST(Pca, ComponentsWithoutVarianceStayOrthonormal) {
  // Rank 2 in 6 time points: four components carry nothing.
  const Matrix activity = RandomMatrix(6, 2, 2) * RandomMatrix(2, 20, 3);
  const auto pca = ComputePca(activity, 6, Threads(1));
  ASSERT_TRUE(pca.ok());
  ExpectOrthonormalRows(pca->components, 1e-12);
  EXPECT_LE(pca->explained_variance(2), 1e-12 * pca->total_variance);
}

TEST(Pca, ConstantActivityHasNoVariance) {
  for (const int64_t units : {3, 30}) {
    const auto pca = ComputePca(Matrix::Constant(5, units, 2.0), 3, Threads(1));
    ASSERT_TRUE(pca.ok());
    EXPECT_EQ(pca->total_variance, 0);
    EXPECT_EQ(pca->scores.cwiseAbs().maxCoeff(), 0);
    ExpectOrthonormalRows(pca->components, 1e-14);
  }
}

void ExpectSameAtAnyThreadCount(const Matrix& activity, int64_t components) {
  const auto one = ComputePca(activity, components, Threads(1));
  ASSERT_TRUE(one.ok());
  for (const int threads : {2, 4}) {
    const auto many = ComputePca(activity, components, Threads(threads));
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(one->components, many->components);
    EXPECT_EQ(one->scores, many->scores);
    EXPECT_EQ(one->explained_variance, many->explained_variance);
  }
}

TEST(Pca, BytesDoNotDependOnThreads) {
  ExpectSameAtAnyThreadCount(RandomMatrix(700, 300, 4), 7);
  ExpectSameAtAnyThreadCount(RandomMatrix(200, 500, 7), 200);
}

TEST(Pca, AllComponentsOfFewTimePointsSpanTheActivity) {
  const Matrix activity = RandomMatrix(200, 500, 8);
  const auto pca = ComputePca(activity, 200, Threads(2));
  ASSERT_TRUE(pca.ok());
  ExpectOrthonormalRows(pca->components, 1e-12);
  // 199 of them have variance: their scores and loadings give it back.
  ExpectClose(pca->scores * pca->components,
              activity.rowwise() - pca->mean.transpose(),
              0,
              1e-11,
              "scores components");
  // The scores' second moments are the variances.
  const Matrix moments = pca->scores.transpose() * pca->scores / 199;
  ExpectClose(moments,
              Matrix(pca->explained_variance.asDiagonal()),
              0,
              1e-11,
              "moments of the scores");
}

TEST(Pca, RefusesWhatItCannotReduce) {
  const Matrix activity = RandomMatrix(4, 3, 5);
  for (const int64_t components : {0, 4}) {
    const absl::Status status =
        ComputePca(activity, components, Threads(1)).status();
    EXPECT_EQ(ReasonOf(status), reason::kOutOfRange);
    EXPECT_EQ(FieldOf(status), "components");
  }
  EXPECT_EQ(ReasonOf(ComputePca(activity.topRows(1), 1, Threads(1)).status()),
            reason::kDegenerate);
  Matrix broken = activity;
  broken(2, 1) = std::nan("");
  EXPECT_EQ(ReasonOf(ComputePca(broken, 1, Threads(1)).status()),
            reason::kNotFinite);
}

TEST(Pca, StopsInEveryPhase) {
  // More than 512 time points: the way of the eigenvectors that can stop.
  const Matrix activity = RandomMatrix(520, 530, 6);
  ProgressLog log;
  ASSERT_TRUE(ComputePca(activity, 70, log.Watch(2)).ok());
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("covariance: 15 of 15 blocks",
                                   "tridiagonal form: 519 of 519 rows",
                                   "eigenvectors: 70 of 70 vectors",
                                   "components: 5 of 5 blocks",
                                   "orthonormal rows: 70 of 70 rows",
                                   "scores: 5 of 5 blocks"));
  for (const std::string& end : log.Ends()) {
    StopFlag stop;
    Execution execution;
    execution.stop = &stop;
    execution.progress = [&](const ProgressUpdate& update) {
      if (end.rfind(update.phase, 0) == 0) {
        stop.Stop();
      }
    };
    EXPECT_EQ(ComputePca(activity, 70, execution).status(), StoppedError())
        << end;
  }
}

}  // namespace
}  // namespace modbound
