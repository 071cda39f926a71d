#include "core/training/unit_distances.h"

#include <cmath>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(GridPositions, OfAHundredUnitsIsTheFiveByFiveByFourOfThePaper) {
  const Matrix positions = GridPositions(100);
  EXPECT_EQ(positions.colwise().maxCoeff(), Eigen::RowVector3d(4, 4, 3));
  EXPECT_EQ(positions.colwise().minCoeff(), Eigen::RowVector3d(0, 0, 0));
  EXPECT_EQ(positions.row(0), Eigen::RowVector3d(0, 0, 0));
  EXPECT_EQ(positions.row(7), Eigen::RowVector3d(2, 1, 0));
  EXPECT_EQ(positions.row(99), Eigen::RowVector3d(4, 4, 3));
}

TEST(GridPositions, AreDistinctAndNearACube) {
  for (int64_t units = 1; units <= 130; ++units) {
    const Matrix positions = GridPositions(units);
    std::set<std::vector<double>> places;
    for (int64_t i = 0; i < units; ++i) {
      places.insert({positions(i, 0), positions(i, 1), positions(i, 2)});
    }
    EXPECT_EQ(places.size(), static_cast<std::size_t>(units));
    EXPECT_LT(positions.maxCoeff(), std::cbrt(static_cast<double>(units)));
  }
}

TEST(Distances, AreEuclidean) {
  Matrix positions(3, 3);
  positions << 0, 0, 0, 3, 4, 0, 3, 4, 12;
  Matrix expected(3, 3);
  expected << 0, 5, 13, 5, 0, 12, 13, 12, 0;
  EXPECT_EQ(Distances(positions), expected);
}

}  // namespace
}  // namespace modbound
