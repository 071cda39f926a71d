#include "core/modules/rewire.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/modules/rewired_null.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"
#include "support/memory_checkpoint.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

RandomStream DrawStream(uint64_t draw) {
  return RandomStream(1, RandomPurpose::kRewiredNetwork, draw);
}

// Symmetric, of nodes of unlike strengths; `density` of the pairs are linked,
// half of them negatively.
Matrix SignedNetwork(Eigen::Index n, double density, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kControlUnits, 0);
  Vector size(n);
  for (double& value : size) {
    value = .2 + random.Uniform();
  }
  Matrix network = Matrix::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < i; ++j) {
      if (random.Uniform() < density) {
        network(i, j) = network(j, i) = size[i] * size[j] * random.Normal();
      }
    }
  }
  return network;
}

Eigen::ArrayXi SignedDegrees(const Matrix& weights, double sign) {
  return (sign * weights.array() > 0).cast<int>().rowwise().sum();
}

std::vector<double> SortedUpper(const Matrix& weights) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    for (Eigen::Index j = i + 1; j < weights.rows(); ++j) {
      values.push_back(weights(i, j));
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

TEST(RewireSigned, KeepsSignedDegreesAndWeightsExactly) {
  for (const double density : {.1, .6, 1.}) {
    const Matrix network = SignedNetwork(60, density, 3);
    const auto rewired = RewireSigned(network, DrawStream(0), Execution());
    ASSERT_TRUE(rewired.ok());
    const Matrix& weights = rewired->weights;
    EXPECT_EQ(weights, weights.transpose());
    EXPECT_TRUE((weights.diagonal().array() == 0).all());
    for (const double sign : {1., -1.}) {
      EXPECT_TRUE(
          (SignedDegrees(weights, sign) == SignedDegrees(network, sign)).all());
    }
    EXPECT_EQ(SortedUpper(weights), SortedUpper(network));
  }
}

TEST(RewireSigned, KeepsStrengthsNearly) {
  for (const double density : {.3, 1.}) {
    const Matrix network = SignedNetwork(100, density, 4);
    const auto rewired = RewireSigned(network, DrawStream(1), Execution());
    ASSERT_TRUE(rewired.ok());
    EXPECT_GT(rewired->positive_strength_r, .95) << density;
    EXPECT_GT(rewired->negative_strength_r, .95) << density;
    // The correlations are those of the strengths.
    const Vector before = network.cwiseMax(0.0).rowwise().sum();
    const Vector after = rewired->weights.cwiseMax(0.0).rowwise().sum();
    const Vector x = before.array() - before.mean();
    const Vector y = after.array() - after.mean();
    EXPECT_NEAR(
        rewired->positive_strength_r, x.dot(y) / (x.norm() * y.norm()), 1e-12);
  }
}

TEST(RewireSigned, MovesMostLinks) {
  for (const double density : {.3, 1.}) {
    const Matrix network = SignedNetwork(60, density, 5);
    const auto rewired = RewireSigned(network, DrawStream(2), Execution());
    ASSERT_TRUE(rewired.ok());
    // Signs agree about as often as those of an unrelated network: of three
    // values with shares d/2, 1 - d, d/2.
    const double same = static_cast<double>((network.array().sign() ==
                                             rewired->weights.array().sign())
                                                .count() -
                                            60) /
                        (60 * 59);
    const double chance = density * density / 2 + (1 - density) * (1 - density);
    EXPECT_NEAR(same, chance, .1) << density;
  }
}

// Node that node 0's positive link leads to.
int PartnerOfFirst(const Matrix& weights) {
  for (int j = 1; j < weights.rows(); ++j) {
    if (weights(0, j) > 0) {
      return j;
    }
  }
  return 0;
}

TEST(RewireSigned, OfFourNodesGivesEachMatchingAsOften) {
  // One positive link a node: the positive links are one of three matchings,
  // equally likely. Of the other pairs: no links, or all negative.
  for (const double other : {0., -1.}) {
    Matrix network = Matrix::Constant(4, 4, other);
    network.diagonal().setZero();
    network(0, 1) = network(1, 0) = 2;
    network(2, 3) = network(3, 2) = 2;
    std::map<int, int> seen;
    for (uint64_t draw = 0; draw < 600; ++draw) {
      const auto rewired = RewireSigned(network, DrawStream(draw), Execution());
      ASSERT_TRUE(rewired.ok());
      ++seen[PartnerOfFirst(rewired->weights)];
    }
    for (int partner = 1; partner < 4; ++partner) {
      // 200 expected, sd 11.5.
      EXPECT_NEAR(seen[partner], 200, 60) << other;
    }
  }
}

TEST(RewireSigned, LeavesTheDiagonalAlone) {
  Matrix network = SignedNetwork(20, 1, 6);
  network.diagonal().setLinSpaced(-3, 3);
  const auto rewired = RewireSigned(network, DrawStream(0), Execution());
  EXPECT_EQ(rewired->weights.diagonal(), network.diagonal());
}

TEST(RewireSigned, OfWeightsOfAnySize) {
  const Matrix network = SignedNetwork(30, 1, 7);
  const auto rewired = RewireSigned(network, DrawStream(0), Execution());
  for (const double size : {0x1p1000, 0x1p-1000}) {
    const auto scaled =
        RewireSigned(size * network, DrawStream(0), Execution());
    EXPECT_EQ(scaled->weights, size * rewired->weights);
    EXPECT_EQ(scaled->positive_strength_r, rewired->positive_strength_r);
  }
}

TEST(RewireSigned, TakesNetworksWithNothingToMove) {
  for (const Eigen::Index n : {0, 1, 2, 3}) {
    const Matrix ones = Matrix::Ones(n, n);
    EXPECT_EQ(RewireSigned(ones, DrawStream(0), Execution())->weights, ones);
    const Matrix zeros = Matrix::Zero(n, n);
    const auto empty = RewireSigned(zeros, DrawStream(0), Execution());
    EXPECT_EQ(empty->weights, zeros);
    EXPECT_TRUE(std::isnan(empty->positive_strength_r));
  }
}

TEST(RewireSigned, Stops) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(RewireSigned(SignedNetwork(10, 1, 1), DrawStream(0), execution)
                .status()
                .code(),
            absl::StatusCode::kCancelled);
}

TEST(RewiredNull, HasQualitiesOfTheLabelsOnRewiredNetworks) {
  const Matrix network = SignedNetwork(24, 1, 8);
  Labels labels(24, 0);
  std::fill(labels.begin() + 10, labels.end(), 3);
  labels[4] = -1;
  const auto null =
      ComputeRewiredNull(network, labels, QualityOptions(), 3, 1, Execution());
  ASSERT_TRUE(null.ok()) << null.status();
  // By hand: without unit 4.
  std::vector<int64_t> units;
  Labels kept;
  for (int64_t i = 0; i < 24; ++i) {
    if (i != 4) {
      units.push_back(i);
      kept.push_back(labels[i]);
    }
  }
  const Matrix rest = network(units, units);
  double mean = 0;
  for (uint64_t draw = 0; draw < 3; ++draw) {
    const auto rewired = RewireSigned(rest, DrawStream(draw), Execution());
    EXPECT_DOUBLE_EQ(null->quality[draw],
                     *Quality(rewired->weights, kept, QualityOptions()));
    mean += rewired->positive_strength_r / 3;
  }
  EXPECT_NEAR(*null->positive_strength_r, mean, 1e-14);
}

TEST(RewiredNull, IsBelowTheQualityOfTrueModules) {
  const Matrix weights =
      LoadGolden("partition_stats", "consensus_weights").ToMatrix();
  const Labels labels =
      LoadGolden("partition_stats", "induced_partition").ToLabels();
  const auto null =
      ComputeRewiredNull(weights, labels, QualityOptions(), 20, 1, Execution());
  ASSERT_TRUE(null.ok());
  EXPECT_LT(null->quality.maxCoeff(),
            *Quality(weights, labels, QualityOptions()));
}

TEST(RewiredNull, WithoutNegativeWeightsHasNoStrengthsOfThem) {
  const Matrix network = SignedNetwork(12, 1, 2).cwiseAbs();
  QualityOptions options;
  options.function = QualityFunction::kModularity;
  const auto null =
      ComputeRewiredNull(network, Labels(12, 0), options, 2, 1, Execution());
  ASSERT_TRUE(null.ok());
  EXPECT_TRUE(null->positive_strength_r.has_value());
  EXPECT_FALSE(null->negative_strength_r.has_value());
  const auto none =
      ComputeRewiredNull(network, Labels(12, 0), options, 0, 1, Execution());
  EXPECT_EQ(none->quality.size(), 0);
  EXPECT_FALSE(none->positive_strength_r.has_value());
}

TEST(RewiredNull, SameBytesAtAnyThreadCount) {
  const Matrix network = SignedNetwork(30, .5, 9);
  Labels labels(30, 0);
  labels[3] = labels[8] = 1;
  const auto one =
      ComputeRewiredNull(network, labels, QualityOptions(), 9, 1, Execution());
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    const auto more =
        ComputeRewiredNull(network, labels, QualityOptions(), 9, 1, execution);
    EXPECT_EQ(more->quality, one->quality);
    EXPECT_EQ(more->positive_strength_r, one->positive_strength_r);
  }
}

TEST(RewiredNull, GoesOnFromEachCheckpointWithTheSameBytes) {
  const Matrix network = SignedNetwork(20, 1, 9);
  Labels labels(20, 0);
  labels[3] = labels[8] = 1;
  ExpectGoesOn(
      [&](const Execution& execution) -> absl::StatusOr<std::string> {
        const auto null = ComputeRewiredNull(
            network, labels, QualityOptions(), 6, 1, execution);
        if (!null.ok()) {
          return null.status();
        }
        std::string bytes;
        AppendBytes(null->quality, bytes);
        AppendBytes(&*null->positive_strength_r, 1, bytes);
        return bytes;
      },
      6);
}

// Links of one direction become weights of 1/2, which stay links of POTTS.
TEST(RewiredNull, TakesADirectedNetworkWithPotts) {
  Matrix network = Matrix::Zero(12, 12);
  for (Eigen::Index i = 0; i < 12; ++i) {
    network(i, (i + 1) % 12) = network(i, (i + 3) % 12) = 1;
    network((i + 3) % 12, i) = i % 2 == 0 ? 0 : 1;
  }
  Labels labels(12, 0);
  std::fill(labels.begin() + 5, labels.end(), 1);
  QualityOptions options;
  options.function = QualityFunction::kPotts;
  options.gamma = .3;
  options.directed = true;
  const auto null =
      ComputeRewiredNull(network, labels, options, 2, 1, Execution());
  ASSERT_TRUE(null.ok()) << null.status();
  const Matrix symmetric = .5 * (network + network.transpose());
  for (uint64_t draw = 0; draw < 2; ++draw) {
    const Matrix rewired =
        RewireSigned(symmetric, DrawStream(draw), Execution())->weights;
    // W - g [W = 0], where half a link is half of each.
    const Matrix full =
        (rewired.array() - .3 * (1 - rewired.array())) / rewired.sum();
    EXPECT_NEAR(null->quality[draw], SumWithin(full, labels), 1e-12);
  }
}

TEST(RewiredNull, RefusesByField) {
  const Matrix network = SignedNetwork(5, 1, 9);
  const auto field = [](const Matrix& matrix, const Labels& labels) {
    return FieldOf(
        ComputeRewiredNull(matrix, labels, QualityOptions(), 2, 1, Execution())
            .status());
  };
  EXPECT_EQ(field(network, {0, 0, 0}), "labels");
  EXPECT_EQ(field(network, {0, 0, 0, 0, -2}), "labels");
  Matrix bad = network;
  bad(0, 1) += 1;
  EXPECT_EQ(field(bad, Labels(5, 0)), "matrix");
}

}  // namespace
}  // namespace modbound
