#include "core/modules/assignment.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

double Total(const Matrix& score, const std::vector<int32_t>& column_of) {
  double total = 0;
  for (std::size_t row = 0; row < column_of.size(); ++row) {
    total += column_of[row] < 0
                 ? 0
                 : score(static_cast<Eigen::Index>(row), column_of[row]);
  }
  return total;
}

// The best total over all one-to-one matchings of rows to columns.
double BestTotal(const Matrix& score) {
  const Matrix wide =
      score.rows() <= score.cols() ? score : Matrix(score.transpose());
  std::vector<int> order(static_cast<std::size_t>(wide.cols()));
  std::iota(order.begin(), order.end(), 0);
  double best = -1e300;
  do {
    double total = 0;
    for (Eigen::Index row = 0; row < wide.rows(); ++row) {
      total += wide(row, order[row]);
    }
    best = std::max(best, total);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(BestAssignment, TakesTheLargestTotalNotTheLargestScore) {
  // 9 + 1 = 10 against 8 + 7 = 15.
  Matrix score(2, 2);
  score << 9, 8, 7, 1;
  EXPECT_EQ(*BestAssignment(score, Execution()), (std::vector<int32_t>{1, 0}));
}

TEST(BestAssignment, AgreesWithAllMatchings) {
  RandomStream random(1, RandomPurpose::kControlUnits, 0);
  for (const auto& [rows, cols] :
       {std::pair{5, 5}, {3, 6}, {6, 2}, {1, 4}, {4, 1}}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      Matrix score(rows, cols);
      for (double& value : score.reshaped()) {
        value = random.Normal();
      }
      const std::vector<int32_t> column_of =
          *BestAssignment(score, Execution());
      std::multiset<int32_t> used(column_of.begin(), column_of.end());
      used.erase(-1);
      EXPECT_EQ(used.size(), static_cast<std::size_t>(std::min(rows, cols)));
      EXPECT_EQ(std::set<int32_t>(used.begin(), used.end()).size(),
                used.size());
      EXPECT_NEAR(Total(score, column_of), BestTotal(score), 1e-12);
    }
  }
}

TEST(BestAssignment, OfNothingIsEmpty) {
  EXPECT_TRUE(BestAssignment(Matrix(0, 3), Execution())->empty());
  EXPECT_EQ(*BestAssignment(Matrix(2, 0), Execution()),
            (std::vector<int32_t>{-1, -1}));
}

TEST(BestAssignment, EndsWhenStopped) {
  StopFlag stop;
  stop.Stop();
  Execution stopped;
  stopped.stop = &stop;
  EXPECT_EQ(ReasonOf(BestAssignment(Matrix::Ones(3, 3), stopped).status()),
            reason::kCancelled);
}

}  // namespace
}  // namespace modbound
