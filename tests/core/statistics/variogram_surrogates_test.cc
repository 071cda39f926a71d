#include "core/statistics/variogram_surrogates.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"
#include "support/all_units.h"
#include "support/golden.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

const VariogramSurrogates& GoldenSurrogates() {
  static const auto* const kSurrogates = [] {
    static const Matrix distances =
        LoadGolden("variogram", "distance").ToMatrix();
    return new VariogramSurrogates(*VariogramSurrogates::Make(
        NodeDistances::OfMatrix(distances, AllUnits(120)),
        VariogramOptions(),
        0,
        Execution()));
  }();
  return *kSurrogates;
}

Vector GoldenVector(const std::string& array) {
  return LoadGolden("variogram", array).ToVector();
}

// The golden map in the golden order.
Vector Permuted() {
  const Vector map = GoldenVector("map");
  Vector permuted(map.size());
  const Vector permutation = GoldenVector("permutation");
  for (Eigen::Index i = 0; i < map.size(); ++i) {
    permuted[i] = map[static_cast<Eigen::Index>(permutation[i])];
  }
  return permuted;
}

TEST(VariogramSurrogates, AgreeWithGolden) {
  const auto surrogates = GoldenSurrogates().Of(
      GoldenVector("map"), Permuted(), GoldenVector("noise"), Execution());
  ASSERT_TRUE(surrogates.ok());
  Matrix regression(9, 3);
  for (Eigen::Index delta = 0; delta < 9; ++delta) {
    const VariogramFit& fit = surrogates->fits[0][delta];
    regression.row(delta) << fit.alpha, fit.beta, fit.residual;
  }
  ExpectClose(regression,
              LoadGolden("variogram", "regression").ToMatrix(),
              1e-8,
              1e-10,
              "regression");
  EXPECT_NEAR(VariogramOptions().deltas[surrogates->best_delta[0]],
              GoldenVector("best_delta")[0],
              1e-12);
  ExpectClose(surrogates->maps,
              LoadGolden("variogram", "surrogate").ToMatrix(),
              1e-8,
              1e-10,
              "surrogate");
  ExpectClose(RankMatched(surrogates->maps.col(0), GoldenVector("map")),
              LoadGolden("variogram", "surrogate_resampled").ToMatrix(),
              1e-10,
              1e-12,
              "surrogate_resampled");
}

TEST(VariogramSurrogates, OfAMapDoNotDependOnTheOthers) {
  const Matrix targets = RandomMatrix(120, 5, 1);
  const Matrix permuted = RandomMatrix(120, 5, 2);
  const Matrix noise = RandomMatrix(120, 5, 3);
  const auto together =
      GoldenSurrogates().Of(targets, permuted, noise, Execution());
  for (Eigen::Index m = 0; m < 5; ++m) {
    const auto alone = GoldenSurrogates().Of(
        targets.col(m), permuted.col(m), noise.col(m), Execution());
    EXPECT_EQ(alone->maps, together->maps.col(m));
  }
}

// Points on a sphere and a map that is smooth on it.
struct SphereCase {
  Matrix coordinates;
  Vector map;
};

SphereCase MakeSphere(int64_t n) {
  SphereCase sphere;
  sphere.coordinates = RandomMatrix(n, 3, 5);
  sphere.coordinates.rowwise().normalize();
  sphere.map = (3 * sphere.coordinates.col(0)).array().sin() +
               (4 * sphere.coordinates.col(1)).array().cos();
  return sphere;
}

// Mean squared difference of the map from neighbouring nodes over that of any
// two: small when it is smooth.
double Roughness(const NeighbourTable& near, const Vector& map) {
  double sum = 0;
  NearNodes nearest;
  for (Eigen::Index i = 0; i < map.size(); ++i) {
    near.Nearest(i, 1, nearest);
    sum += std::pow(map[i] - map[nearest.index[0]], 2);
  }
  const double variance = (map.array() - map.mean()).square().mean();
  return sum / static_cast<double>(map.size()) / (2 * variance);
}

TEST(VariogramSurrogates, AreSmoothWhereAPermutationIsRough) {
  // The second size takes nearest neighbours and sampled pairs.
  for (const int64_t n : {int64_t{400}, kMostFullNodes + 904}) {
    const SphereCase sphere = MakeSphere(n);
    const auto nodes =
        NodeDistances::OfCoordinates(sphere.coordinates, AllUnits(n));
    VariogramOptions options;
    options.nearest = 400;
    const auto surrogates =
        VariogramSurrogates::Make(nodes, options, 1, Execution());
    ASSERT_TRUE(surrogates.ok());
    const auto near = NeighbourTable::Make(nodes, 1, Execution());
    RandomStream random(1, RandomPurpose::kVariogramSurrogate, 0);
    std::vector<double> shuffled(sphere.map.begin(), sphere.map.end());
    random.Shuffle(shuffled);
    const Vector permuted =
        Eigen::Map<const Vector>(shuffled.data(), sphere.map.size());
    const auto made = surrogates->Of(
        sphere.map, permuted, RandomMatrix(n, 1, 6), Execution());
    ASSERT_TRUE(made.ok());
    const Vector surrogate = RankMatched(made->maps.col(0), sphere.map);
    EXPECT_NEAR(Roughness(*near, permuted), 1, .2);
    EXPECT_LT(Roughness(*near, sphere.map), .1);
    EXPECT_LT(Roughness(*near, surrogate), .3) << n;
    // Another map all the same: some correlation of smooth maps is chance.
    const double r = surrogate.dot(sphere.map) / sphere.map.squaredNorm();
    EXPECT_LT(std::abs(r), .8);
  }
}

TEST(VariogramSurrogates, SameWithDistancesAsWithCoordinates) {
  const SphereCase sphere = MakeSphere(150);
  Matrix distances(150, 150);
  const auto nodes =
      NodeDistances::OfCoordinates(sphere.coordinates, AllUnits(150));
  Vector row;
  for (Eigen::Index i = 0; i < 150; ++i) {
    nodes.Row(i, row);
    distances.row(i) = row.transpose();
  }
  const auto a =
      VariogramSurrogates::Make(nodes, VariogramOptions(), 0, Execution());
  const auto b = VariogramSurrogates::Make(
      NodeDistances::OfMatrix(distances, AllUnits(150)),
      VariogramOptions(),
      0,
      Execution());
  const Matrix noise = RandomMatrix(150, 1, 1);
  const Vector permuted = sphere.map.reverse();
  EXPECT_EQ(a->Of(sphere.map, permuted, noise, Execution())->maps,
            b->Of(sphere.map, permuted, noise, Execution())->maps);
}

TEST(VariogramSurrogates, TakeNodesThatLieInOnePlace) {
  SphereCase sphere = MakeSphere(100);
  sphere.coordinates.topRows(40).rowwise() = sphere.coordinates.row(0).eval();
  const auto surrogates = VariogramSurrogates::Make(
      NodeDistances::OfCoordinates(sphere.coordinates, AllUnits(100)),
      VariogramOptions(),
      0,
      Execution());
  ASSERT_TRUE(surrogates.ok());
  const auto made = surrogates->Of(
      sphere.map, sphere.map.reverse(), RandomMatrix(100, 1, 1), Execution());
  EXPECT_TRUE(made->maps.allFinite());
}

TEST(VariogramSurrogates, OfAConstantMapAreNoiseAlone) {
  const Vector map = Vector::Constant(120, 3);
  const auto made =
      GoldenSurrogates().Of(map, map, GoldenVector("noise"), Execution());
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->maps.allFinite());
  EXPECT_EQ(RankMatched(made->maps.col(0), map), map);
}

TEST(VariogramSurrogates, RefuseOptionsAndNodesThatGiveNone) {
  const SphereCase sphere = MakeSphere(30);
  const auto refused = [&](const VariogramOptions& options, int64_t n) {
    return VariogramSurrogates::Make(
               NodeDistances::OfCoordinates(sphere.coordinates, AllUnits(n)),
               options,
               0,
               Execution())
        .status();
  };
  EXPECT_TRUE(refused({}, 30).ok());
  // A tenth of 9 nodes is none.
  EXPECT_EQ(ReasonOf(refused({}, 9)), reason::kDegenerate);
  EXPECT_TRUE(refused({}, 10).ok());
  const absl::Status few = VariogramSurrogates::CheckNodes(
      kMostFullNodes + 1, {.nearest = 9}, "distances");
  EXPECT_EQ(ReasonOf(few), reason::kOutOfRange);
  EXPECT_EQ(FieldOf(few), "nearest");
  EXPECT_EQ(FieldOf(refused({.percentile = 0}, 30)), "percentile");
  EXPECT_EQ(FieldOf(refused({.percentile = 101}, 30)), "percentile");
  EXPECT_EQ(FieldOf(refused({.bins = 2}, 30)), "bins");
  EXPECT_EQ(FieldOf(refused({.bins = 81}, 30)), "bins");
  EXPECT_EQ(FieldOf(refused({.deltas = {}}, 30)), "deltas");
  EXPECT_EQ(FieldOf(refused({.deltas = {.5, 1.5}}, 30)), "deltas");
  EXPECT_EQ(FieldOf(refused({.nearest = 0}, 30)), "nearest");
}

TEST(VariogramSurrogates, Stop) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  const Vector map = GoldenVector("map");
  EXPECT_EQ(GoldenSurrogates().Of(map, map, map, execution).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(RankMatched, GivesTheOriginalValuesByRank) {
  // Ranks of the surrogate: 2, 0, 1, with -1 twice: by index.
  EXPECT_EQ(RankMatched(Vector{{5, -1, -1}}, Vector{{30, 10, 20}}),
            (Vector{{30, 10, 20}}));
  EXPECT_EQ(RankMatched(Vector{{-2, 7, 0}}, Vector{{1, 1, 0}}),
            (Vector{{0, 1, 1}}));
}

}  // namespace
}  // namespace modbound
