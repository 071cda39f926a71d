#include "core/statistics/variogram.h"

#include <cmath>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/golden.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

std::vector<NodePair> PairsOf(const Matrix& distances) {
  std::vector<NodePair> pairs;
  for (int32_t i = 0; i < distances.rows(); ++i) {
    for (int32_t j = i + 1; j < distances.rows(); ++j) {
      pairs.push_back({i, j, distances(i, j)});
    }
  }
  return pairs;
}

TEST(Variogram, AgreesWithGolden) {
  const auto variogram =
      Variogram::Make(PairsOf(LoadGolden("variogram", "distance").ToMatrix()),
                      25,
                      25,
                      "distances");
  ASSERT_TRUE(variogram.ok());
  ExpectClose(variogram->h(),
              LoadGolden("variogram", "h").ToMatrix(),
              1e-12,
              1e-12,
              "h");
  ExpectClose(Matrix::Constant(1, 1, variogram->bandwidth()),
              LoadGolden("variogram", "bandwidth").ToMatrix(),
              1e-12,
              0,
              "bandwidth");
  ExpectClose(
      *variogram->Of(LoadGolden("variogram", "map").ToMatrix(), Execution()),
      LoadGolden("variogram", "variogram").ToMatrix(),
      1e-10,
      1e-12,
      "variogram");
}

TEST(Variogram, OfTwoDistancesByHand) {
  // u = 1 with v = 2 (values 0, 2), u = 4 with v = 8 (0, 4), and u = 9, which
  // the median of 1, 4, 9 ... keeps out: strictly below 9 at percentile 100.
  // h = 1, 2.5, 4; b = 4.5; weights at h: a distance of 0, 1.5, 3 gives
  // exp(-(2.68 t / 4.5)^2 / 2).
  const std::vector<NodePair> pairs = {{0, 1, 1}, {0, 2, 4}, {1, 2, 9}};
  const auto variogram = Variogram::Make(pairs, 100, 3, "distances");
  ASSERT_TRUE(variogram.ok());
  EXPECT_EQ(variogram->h(), (Vector{{1, 2.5, 4}}));
  EXPECT_DOUBLE_EQ(variogram->bandwidth(), 4.5);
  const Matrix gamma = *variogram->Of(Matrix{{0}, {2}, {4}}, Execution());
  const double far = std::exp(-.5 * std::pow(2.68 * 3 / 4.5, 2));
  EXPECT_NEAR(gamma(0, 0), (2 + 8 * far) / (1 + far), 1e-14);
  EXPECT_NEAR(gamma(1, 0), 5, 1e-14);
  EXPECT_NEAR(gamma(2, 0), (2 * far + 8) / (1 + far), 1e-14);
}

TEST(Variogram, InterpolatesThePercentile) {
  // 1, 2, 3, 4, 5: percentile 40 is at position 1.6, 2.6: 1 and 2 are kept.
  std::vector<NodePair> pairs;
  for (int32_t i = 0; i < 5; ++i) {
    pairs.push_back({i, i + 1, 5.0 - i});
  }
  const auto variogram = Variogram::Make(pairs, 40, 3, "distances");
  ASSERT_TRUE(variogram.ok());
  EXPECT_EQ(variogram->h(), (Vector{{1, 1.5, 2}}));
}

TEST(Variogram, OfAMapDoesNotDependOnTheOthers) {
  const auto variogram =
      Variogram::Make(PairsOf(LoadGolden("variogram", "distance").ToMatrix()),
                      25,
                      25,
                      "distances");
  const Matrix maps = RandomMatrix(120, 7, 3);
  const Matrix together = *variogram->Of(maps, Execution());
  for (Eigen::Index m = 0; m < maps.cols(); ++m) {
    EXPECT_EQ(*variogram->Of(maps.col(m), Execution()), together.col(m));
  }
}

TEST(Variogram, RefusesDistancesThatAreAllEqual) {
  for (const auto& pairs : {std::vector<NodePair>{},
                            std::vector<NodePair>{{0, 1, 2}},
                            std::vector<NodePair>{{0, 1, 2}, {0, 2, 2}},
                            // One value below the percentile.
                            std::vector<NodePair>{{0, 1, 2}, {0, 2, 3}}}) {
    const absl::Status status =
        Variogram::Make(pairs, 100, 3, "distances").status();
    EXPECT_EQ(ReasonOf(status), reason::kDegenerate);
    EXPECT_EQ(FieldOf(status), "distances");
  }
}

}  // namespace
}  // namespace modbound
