#include "core/representation/orthonormal_rows.h"

#include <cmath>
#include <cstdint>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

// More than two panels.
constexpr int64_t kRows = 150;

Matrix Orthonormalised(Matrix rows, double floor = 1e-10) {
  EXPECT_TRUE(OrthonormaliseRows(floor, Execution(), rows).ok());
  return rows;
}

// A product of N-vectors of length 1 has an error of some sqrt(N) epsilon, a
// panel's is a few times that.
void ExpectOrthonormal(const Matrix& rows) {
  ExpectClose(rows * rows.transpose(),
              Matrix::Identity(rows.rows(), rows.rows()),
              0,
              1e-13,
              "Q Q'");
}

TEST(OrthonormaliseRows, ByHand) {
  // (3, 4, 0) -> (.6, .8, 0); (5, 0, 2) less 3 (.6, .8, 0) is (3.2, -2.4, 2),
  // of length sqrt(20).
  Matrix rows(2, 3);
  rows << 3, 4, 0, 5, 0, 2;
  Matrix expected(2, 3);
  expected << 0.6, 0.8, 0, 3.2, -2.4, 2;
  expected.row(1) /= std::sqrt(20.0);
  ExpectClose(Orthonormalised(rows), expected, 0, 1e-15, "Q");
}

TEST(OrthonormaliseRows, TakesFromEachRowWhatTheRowsBeforeItLeave) {
  const Matrix rows = RandomMatrix(kRows, 400, 1);
  const Matrix Q = Orthonormalised(rows);
  ExpectOrthonormal(Q);
  // rows = L Q with L lower triangular and its diagonal positive.
  const Matrix L = rows * Q.transpose();
  ExpectClose(L.triangularView<Eigen::StrictlyUpper>().toDenseMatrix(),
              Matrix::Zero(kRows, kRows),
              0,
              1e-12,
              "above the diagonal");
  EXPECT_GT(L.diagonal().minCoeff(), 0);
  ExpectClose(L * Q, rows, 0, 1e-12, "L Q");
}

TEST(OrthonormaliseRows, KeepsItsDigitsWhereRowsAreNearlyDependent) {
  // All but 1e-7 of each row lies in the span of the first three.
  Matrix rows = RandomMatrix(kRows, 3, 2) * RandomMatrix(3, 400, 3) +
                1e-7 * RandomMatrix(kRows, 400, 4);
  ExpectOrthonormal(Orthonormalised(rows));
}

TEST(OrthonormaliseRows, PutsUnitAxesWhereNothingIsLeft) {
  // Rows 2, 3 and 4 add nothing; axes 0 and 1 are spanned, 2 is the first that
  // is not.
  Matrix rows = Matrix::Zero(5, 6);
  rows(0, 0) = 2;
  rows(1, 1) = -3;
  rows(2, 0) = 1;
  rows(2, 1) = 1;
  rows(3, 0) = 1e-12;
  Matrix expected = Matrix::Identity(5, 6);
  expected(1, 1) = -1;
  EXPECT_EQ(Orthonormalised(rows), expected);
}

TEST(OrthonormaliseRows, PassesAxesThatAreSpannedUpToRounding) {
  // The first two rows span axes 0 and 1, though neither is one of them.
  Matrix rows = Matrix::Zero(3, 4);
  rows(0, 0) = rows(1, 1) = 0.3;
  rows(0, 1) = 0.7;
  rows(1, 0) = -0.9;
  const Matrix Q = Orthonormalised(rows);
  ExpectOrthonormal(Q);
  ExpectClose(Q.row(2), Matrix::Identity(4, 4).row(2), 0, 1e-15, "axis 2");
}

TEST(OrthonormaliseRows, CompletesManyRowsOfFewDimensions) {
  Matrix rows = RandomMatrix(kRows, 4, 5) * RandomMatrix(4, kRows, 6);
  const Matrix Q = Orthonormalised(rows, 1e-9);
  ExpectOrthonormal(Q);
  EXPECT_EQ(Orthonormalised(Matrix::Zero(kRows, kRows)),
            Matrix::Identity(kRows, kRows));
}

TEST(OrthonormaliseRows, BytesDoNotDependOnThreads) {
  const Matrix rows = RandomMatrix(kRows, 300, 7) * RandomMatrix(300, 2, 8) *
                      RandomMatrix(2, 300, 9);
  Matrix many = rows;
  Execution execution;
  execution.threads = 4;
  ASSERT_TRUE(OrthonormaliseRows(1e-9, execution, many).ok());
  EXPECT_EQ(many, Orthonormalised(rows, 1e-9));
}

TEST(OrthonormaliseRows, CountsEveryRowAndStopsBetweenThem) {
  // Half of them are of no length and come last.
  Matrix rows = RandomMatrix(kRows, 300, 10);
  rows.bottomRows(kRows / 2).setZero();
  for (const int64_t stop_at : {int64_t{0}, int64_t{64}, kRows / 2, kRows}) {
    StopFlag stop;
    Execution execution;
    execution.stop = &stop;
    ProgressUpdate last;
    execution.progress = [&](const ProgressUpdate& update) {
      last = update;
      if (update.done == stop_at) {
        stop.Stop();
      }
    };
    Matrix changed = rows;
    EXPECT_EQ(OrthonormaliseRows(1e-9, execution, changed),
              stop_at == kRows ? absl::OkStatus() : StoppedError())
        << stop_at;
    EXPECT_EQ(last.done, stop_at);
    EXPECT_EQ(last.total, kRows);
  }
}

}  // namespace
}  // namespace modbound
