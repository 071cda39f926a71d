#include "core/representation/symmetric_eigen.h"

#include <algorithm>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

// Q diag(values) Q' with a random rotation Q, from reflections.
Matrix WithEigenvalues(const Vector& values, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kSimulationTrials, 0);
  const int64_t n = values.size();
  Matrix A = values.asDiagonal();
  for (int round = 0; round < 3; ++round) {
    Vector v(n);
    for (int64_t i = 0; i < n; ++i) {
      v(i) = random.Normal();
    }
    v.normalize();
    const Matrix H = Matrix::Identity(n, n) - 2 * v * v.transpose();
    A = H * A * H;
  }
  return (A + A.transpose()) / 2;
}

// A v = lambda v, vectors orthonormal, eigenvalues as given (descending).
void ExpectSolves(const Matrix& A, const Vector& values, int64_t count) {
  const auto pairs = internal::EigenPairsByTridiagonal(A, count, {});
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  // The zero matrix may come back as the smallest numbers there are.
  const double scale = std::max(values.cwiseAbs().maxCoeff(), 1e-200);
  ExpectClose(pairs->values, values, 0, 1e-12 * scale, "values");
  ExpectClose(pairs->vectors * A,
              values.head(count).asDiagonal() * pairs->vectors,
              0,
              1e-11 * scale,
              "A v");
  ExpectClose(pairs->vectors * pairs->vectors.transpose(),
              Matrix::Identity(count, count),
              0,
              1e-12,
              "v'v");
}

TEST(SymmetricEigen, FindsSeparatedEigenvalues) {
  Vector values(40);
  for (int64_t i = 0; i < values.size(); ++i) {
    values(i) = 10.0 - 0.5 * static_cast<double>(i);
  }
  ExpectSolves(WithEigenvalues(values, 1), values, 40);
}

TEST(SymmetricEigen, SeparatesVectorsOfEqualEigenvalues) {
  Vector values = Vector::Zero(30);
  values.head(6) << 4, 4, 4, 1, 1, 1e-9;
  ExpectSolves(WithEigenvalues(values, 2), values, 30);
}

TEST(SymmetricEigen, TakesDiagonalMatrices) {
  // Nothing to reduce: every off-diagonal element is 0.
  Vector values(5);
  values << 3, 2, 2, 0, -1;
  ExpectSolves(values.asDiagonal(), values, 5);
}

TEST(SymmetricEigen, TakesTheZeroMatrixAndOneElement) {
  ExpectSolves(Matrix::Zero(6, 6), Vector::Zero(6), 6);
  ExpectSolves(Matrix::Constant(1, 1, 7.0), Vector::Constant(1, 7.0), 1);
}

TEST(SymmetricEigen, GivesOnlyTheVectorsAskedFor) {
  const Matrix A =
      WithEigenvalues(Vector::LinSpaced(600, 600, 1), 3);  // above the limit
  const auto pairs = LeadingEigenPairs(A, 2, {});
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ(pairs->values.size(), 600);
  ASSERT_EQ(pairs->vectors.rows(), 2);
  EXPECT_NEAR(pairs->values(0), 600, 1e-9);
  EXPECT_NEAR(
      (A * pairs->vectors.row(1).transpose()).norm(), pairs->values(1), 1e-9);
}

TEST(SymmetricEigen, BothWaysAgree) {
  const Matrix A = WithEigenvalues(Vector::LinSpaced(50, 9, 0.1), 4);
  const auto direct = LeadingEigenPairs(A, 5, {});
  const auto reduced = internal::EigenPairsByTridiagonal(A, 5, {});
  ASSERT_TRUE(direct.ok() && reduced.ok());
  ExpectClose((direct->vectors * reduced->vectors.transpose()).cwiseAbs(),
              Matrix::Identity(5, 5),
              0,
              1e-11,
              "|cosine|");
}

TEST(SymmetricEigen, StopsWhenAsked) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(
      internal::EigenPairsByTridiagonal(Matrix::Identity(8, 8), 1, execution)
          .status()
          .code(),
      absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace modbound
