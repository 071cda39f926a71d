#include "core/modules/label_nulls.h"

#include <cmath>

#include "core/base/error.h"
#include "core/modules/induced_quality.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "support/all_units.h"
#include "support/memory_checkpoint.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

constexpr int64_t kPlaces = 200;

// Units in the unit square, those of each quarter in one module.
struct SpatialCase {
  Matrix coordinates;
  Labels labels;
};

const SpatialCase& Space() {
  static const auto* const kSpace = [] {
    auto* space = new SpatialCase;
    RandomStream random(1, RandomPurpose::kControlUnits, 0);
    space->coordinates.resize(kPlaces, 2);
    for (double& value : space->coordinates.reshaped()) {
      value = random.Uniform();
    }
    for (const auto& place : space->coordinates.rowwise()) {
      space->labels.push_back((place[0] > .5 ? 1 : 0) +
                              (place[1] > .6 ? 2 : 0));
    }
    return space;
  }();
  return *kSpace;
}

const NodeDistances& Nodes() {
  static const auto* const kNodes = new NodeDistances(
      NodeDistances::OfCoordinates(Space().coordinates, AllUnits(kPlaces)));
  return *kNodes;
}

const VariogramSurrogates& Surrogates() {
  static const auto* const kSurrogates = new VariogramSurrogates(
      *VariogramSurrogates::Make(Nodes(), VariogramOptions(), 0, Execution()));
  return *kSurrogates;
}

// Share of units whose nearest unit has the same label.
double Smoothness(const Labels& labels) {
  static const auto* const kNear =
      new NeighbourTable(*NeighbourTable::Make(Nodes(), 1, Execution()));
  double same = 0;
  NearNodes near;
  for (int64_t i = 0; i < kPlaces; ++i) {
    kNear->Nearest(i, 1, near);
    same += labels[i] == labels[near.index[0]] ? 1 : 0;
  }
  return same / kPlaces;
}

TEST(PermutedLabels, KeepModuleSizes) {
  const auto draws = PermutedLabels(1)(Space().labels, 5, 3);
  ASSERT_TRUE(draws.ok());
  ASSERT_EQ(draws->size(), 3u);
  for (const Labels& draw : *draws) {
    EXPECT_EQ(ModuleSizes(draw), ModuleSizes(Space().labels));
    EXPECT_NE(draw, Space().labels);
  }
}

TEST(VariogramLabels, KeepModuleSizesAndSmoothness) {
  const Execution execution;
  const LabelNull null = VariogramLabels(Surrogates(), 1, execution);
  const auto draws = null(Space().labels, 0, 40);
  ASSERT_TRUE(draws.ok());
  const auto permuted = PermutedLabels(1)(Space().labels, 0, 40);
  double smooth = 0;
  double rough = 0;
  for (int draw = 0; draw < 40; ++draw) {
    EXPECT_EQ(ModuleSizes((*draws)[draw]), ModuleSizes(Space().labels));
    smooth += Smoothness((*draws)[draw]) / 40;
    rough += Smoothness((*permuted)[draw]) / 40;
  }
  EXPECT_GT(Smoothness(Space().labels), .85);
  EXPECT_GT(smooth, .5);
  EXPECT_LT(rough, .35);
}

TEST(VariogramLabels, OfADrawAreTheSameInAnyBlock) {
  const Execution execution;
  const LabelNull null = VariogramLabels(Surrogates(), 2, execution);
  const auto together = null(Space().labels, 3, 5);
  for (int64_t draw = 0; draw < 5; ++draw) {
    EXPECT_EQ((*null(Space().labels, 3 + draw, 1))[0], (*together)[draw]);
  }
}

TEST(VariogramLabels, OfOneModuleAreThatModule) {
  const Execution execution;
  const Labels one(kPlaces, 0);
  EXPECT_EQ((*VariogramLabels(Surrogates(), 2, execution)(one, 0, 1))[0], one);
}

// Similarity that falls with distance.
Matrix SmoothWeights() {
  Matrix weights(kPlaces, kPlaces);
  Vector row;
  for (Eigen::Index i = 0; i < kPlaces; ++i) {
    Nodes().Row(i, row);
    weights.row(i) = (1 - 2 * row.array()).transpose();
  }
  return weights;
}

TEST(InducedQualityOfVariogramLabels, IsHigherThanOfPermutedOnes) {
  const Execution execution;
  const Matrix weights = SmoothWeights();
  const auto permuted = ComputeInducedQuality(
      weights, Space().labels, QualityOptions(), 50, 1, execution);
  const auto variogram =
      ComputeInducedQuality(weights,
                            Space().labels,
                            QualityOptions(),
                            50,
                            1,
                            execution,
                            nullptr,
                            VariogramLabels(Surrogates(), 1, execution));
  ASSERT_TRUE(permuted.ok() && variogram.ok());
  // Space alone makes modules fit: the null has to know.
  EXPECT_EQ(variogram->quality, permuted->quality);
  EXPECT_GT(variogram->null.mean(), permuted->null.maxCoeff());
  EXPECT_LT(*variogram->z, *permuted->z);
}

TEST(InducedQualityOfVariogramLabels, GoesOnWithTheSameBytesAtAnyThreadCount) {
  const Matrix weights = SmoothWeights();
  std::string one;
  for (const int threads : {1, 2, 4}) {
    Execution outer;
    outer.threads = threads;
    const auto run =
        [&](const Execution& execution) -> absl::StatusOr<std::string> {
      Execution own = execution;
      own.threads = threads;
      const auto result =
          ComputeInducedQuality(weights,
                                Space().labels,
                                QualityOptions(),
                                70,
                                1,
                                own,
                                nullptr,
                                VariogramLabels(Surrogates(), 1, own));
      if (!result.ok()) {
        return result.status();
      }
      std::string bytes;
      AppendBytes(result->null, bytes);
      return bytes;
    };
    if (threads == 1) {
      ExpectGoesOn(run, 5);
      one = *run(Execution());
    }
    EXPECT_EQ(*run(Execution()), one);
  }
}

TEST(CheckDistances, RefusesWhatAreNone) {
  Matrix distances = Matrix::Ones(3, 3);
  const auto reason_of = [&](int64_t n) {
    const absl::Status status =
        CheckDistances(distances, n, 0x1p-52, Execution());
    EXPECT_EQ(FieldOf(status), status.ok() ? "" : "distances");
    return status.ok() ? "" : ReasonOf(status);
  };
  EXPECT_EQ(reason_of(3), "");
  EXPECT_EQ(reason_of(4), reason::kWrongShape);
  distances(0, 2) = 2;
  EXPECT_EQ(reason_of(3), reason::kNotSymmetric);
  distances(0, 2) = distances(2, 0) = -1;
  EXPECT_EQ(reason_of(3), reason::kOutOfRange);
  distances(0, 2) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(reason_of(3), reason::kNotFinite);
}

}  // namespace
}  // namespace modbound
