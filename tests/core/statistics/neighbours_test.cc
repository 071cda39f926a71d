#include "core/statistics/neighbours.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/all_units.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

Matrix DistancesOf(const Matrix& coordinates) {
  Matrix distances(coordinates.rows(), coordinates.rows());
  for (Eigen::Index i = 0; i < coordinates.rows(); ++i) {
    for (Eigen::Index j = 0; j < coordinates.rows(); ++j) {
      distances(i, j) = (coordinates.row(i) - coordinates.row(j)).norm();
    }
  }
  return distances;
}

TEST(NodeDistances, AreThoseOfTheUnitsNamed) {
  // On a line at 0, 1, 3, 7.
  const Matrix coordinates = Matrix{{0}, {1}, {3}, {7}};
  const Matrix matrix = DistancesOf(coordinates);
  const std::vector<int64_t> units = {3, 0, 2};
  Vector row;
  NodeDistances::OfMatrix(matrix, units).Row(0, row);
  EXPECT_EQ(row, (Vector{{0, 7, 4}}));
  NodeDistances::OfCoordinates(coordinates, units).Row(2, row);
  EXPECT_EQ(row, (Vector{{4, 3, 0}}));
}

TEST(NodeDistances, RefuseCoordinatesWhoseSquaresOverflow) {
  Matrix coordinates = Matrix::Zero(3, 2);
  EXPECT_TRUE(CheckCoordinates(coordinates).ok());
  coordinates(1, 1) = -2e150;
  EXPECT_EQ(ReasonOf(CheckCoordinates(coordinates)), reason::kOutOfRange);
  coordinates(1, 1) = std::nan("");
  EXPECT_EQ(ReasonOf(CheckCoordinates(coordinates)), reason::kNotFinite);
}

TEST(NeighbourTable, HasTheNearestByDistanceThenIndex) {
  // From 0: 1 and 2 at distance 1, 3 at 2.
  const Matrix coordinates = Matrix{{0}, {1}, {-1}, {2}};
  const auto table = NeighbourTable::Make(
      NodeDistances::OfCoordinates(coordinates, AllUnits(4)), 2, Execution());
  ASSERT_TRUE(table.ok());
  NearNodes near;
  table->Nearest(0, 2, near);
  EXPECT_EQ(near.index, (std::vector<int32_t>{1, 2}));
  table->Nearest(3, 2, near);
  EXPECT_EQ(near.index, (std::vector<int32_t>{1, 0}));
  EXPECT_NEAR(near.share[0], .5, 5e-13);
  EXPECT_EQ(near.share[1], 1);
  table->Nearest(3, 1, near);
  EXPECT_EQ(near.index, std::vector<int32_t>{1});
  EXPECT_NEAR(near.share[0], .5, 5e-13);
}

TEST(NeighbourTable, AgreesWithSortingAllDistances) {
  constexpr int64_t kNodes = 700;
  Matrix coordinates = RandomMatrix(kNodes, 3, 1);
  // A cluster far denser than the rest: guesses of a bound fall short.
  coordinates.topRows(60) *= 1e-3;
  const Matrix distances = DistancesOf(coordinates);
  for (const int64_t count : {1, 50, 699}) {
    const auto table = NeighbourTable::Make(
        NodeDistances::OfMatrix(distances, AllUnits(kNodes)),
        count,
        Execution());
    ASSERT_TRUE(table.ok());
    NearNodes near;
    for (int64_t i = 0; i < kNodes; ++i) {
      std::vector<std::pair<double, int32_t>> all;
      for (int32_t j = 0; j < kNodes; ++j) {
        if (j != i) {
          all.emplace_back(distances(i, j), j);
        }
      }
      std::sort(all.begin(), all.end());
      table->Nearest(i, count, near);
      for (int64_t k = 0; k < count; ++k) {
        ASSERT_EQ(near.index[k], all[k].second);
        ASSERT_NEAR(near.share[k], all[k].first / all[count - 1].first, 5e-13);
      }
    }
  }
}

TEST(NeighbourTable, HoldsNodesInOnePlace) {
  const Matrix coordinates = Matrix::Zero(5, 2);
  const auto table = NeighbourTable::Make(
      NodeDistances::OfCoordinates(coordinates, AllUnits(5)), 4, Execution());
  ASSERT_TRUE(table.ok());
  NearNodes near;
  table->Nearest(2, 4, near);
  EXPECT_EQ(near.index, (std::vector<int32_t>{0, 1, 3, 4}));
  EXPECT_TRUE((near.share == 0).all());
}

TEST(NeighbourTable, Stops) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(NeighbourTable::Make(NodeDistances::OfCoordinates(
                                     RandomMatrix(20, 2, 1), AllUnits(20)),
                                 3,
                                 execution)
                .status()
                .code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace modbound
