#include "server/analyses/variogram_inputs.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "module_kinds.h"

namespace modbound {
namespace {

constexpr int64_t kSpots = 80;

// Units in the unit square, modules of its halves, weights that fall with
// distance.
InputArrays SpotInputs(bool as_distances) {
  RandomStream random(3, RandomPurpose::kControlUnits, 0);
  Matrix coordinates(kSpots, 2);
  for (double& value : coordinates.reshaped()) {
    value = random.Uniform();
  }
  Matrix distances(kSpots, kSpots);
  Labels labels;
  for (Eigen::Index i = 0; i < kSpots; ++i) {
    labels.push_back(coordinates(i, 0) > .5 ? 1 : 0);
    for (Eigen::Index j = 0; j < kSpots; ++j) {
      distances(i, j) =
          std::sqrt((coordinates.row(i) - coordinates.row(j)).squaredNorm());
    }
  }
  InputArrays inputs = {
      {"matrix", HostArray::FromMatrix(1 - 2 * distances.array(), {})},
      {"labels", HostArray::FromLabels(labels, {})}};
  if (as_distances) {
    inputs["distances"] = HostArray::FromMatrix(distances, {});
  } else {
    inputs["coordinates"] = HostArray::FromMatrix(coordinates, {});
  }
  return inputs;
}

v1::Spec VariogramSpec() {
  v1::Spec spec;
  spec.mutable_induced_quality()->set_null(v1::NullModel::VARIOGRAM);
  spec.mutable_induced_quality()->set_null_count(40);
  return spec;
}

TEST(VariogramNull, ExpectsMoreOfSmoothModulesThanPermutationsDo) {
  const auto variogram = RunKind(VariogramSpec(), SpotInputs(true));
  ASSERT_TRUE(variogram.ok()) << variogram.status();
  v1::Spec spec;
  spec.mutable_induced_quality()->set_null_count(40);
  InputArrays inputs = SpotInputs(true);
  inputs.erase("distances");
  const auto permuted = RunKind(spec, inputs);
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  const auto& smooth = variogram->summary.induced_quality();
  const auto& rough = permuted->summary.induced_quality();
  EXPECT_EQ(smooth.quality(), rough.quality());
  EXPECT_LT(smooth.z(), rough.z() / 2);
  EXPECT_GE(smooth.p(), rough.p());
  EXPECT_EQ(smooth.exact_null_mean(), rough.exact_null_mean());
  EXPECT_FALSE(smooth.has_positive_strength_r());
}

TEST(VariogramNull, IsAsPlannedAndTheSameAtAnyThreadCount) {
  ExpectPlannedAndRepeatable(VariogramSpec(), SpotInputs(true));
  ExpectPlannedAndRepeatable(VariogramSpec(), SpotInputs(false));
}

TEST(VariogramNull, LeavesUnitsWithoutALabelOut) {
  InputArrays inputs = SpotInputs(false);
  Labels labels = inputs.at("labels").ToLabels();
  labels[0] = labels[50] = -1;
  inputs["labels"] = HostArray::FromLabels(labels, {});
  const auto outcome = RunKind(VariogramSpec(), inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& summary = outcome->summary.induced_quality();
  EXPECT_EQ(summary.excluded_units(), 2);
  // As if they had never been there.
  const std::vector<int64_t> units = LabelledUnits(labels);
  const Matrix coordinates = inputs.at("coordinates").ToMatrix();
  const auto cut = RunKind(
      VariogramSpec(),
      {{"matrix",
        HostArray::FromMatrix(
            RestrictMatrix(inputs.at("matrix").ToMatrix(), units), {})},
       {"labels", HostArray::FromLabels(RestrictLabels(labels, units), {})},
       {"coordinates",
        HostArray::FromMatrix(Matrix(coordinates(units, Eigen::all)), {})}});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(cut->summary.induced_quality().excluded_units(), 0);
  EXPECT_EQ(summary.quality(), cut->summary.induced_quality().quality());
  EXPECT_EQ(outcome->outputs.at("null").ToVector(),
            cut->outputs.at("null").ToVector());
}

TEST(VariogramNull, FillsItsDeltas) {
  v1::Spec spec = VariogramSpec();
  ASSERT_TRUE(PlanUnseen(spec, SpotInputs(true)).ok());
  EXPECT_EQ(spec.induced_quality().deltas_size(), 9);
  v1::Spec permuted;
  permuted.mutable_induced_quality();
  InputArrays inputs = SpotInputs(true);
  inputs.erase("distances");
  ASSERT_TRUE(PlanUnseen(permuted, inputs).ok());
  EXPECT_EQ(permuted.induced_quality().deltas_size(), 0);
}

TEST(VariogramNull, RefusesByField) {
  const auto expect = [](const v1::Spec& spec,
                         const InputArrays& inputs,
                         const char* reason,
                         const char* field) {
    const absl::Status status = RunKind(spec, inputs).status();
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(FieldOf(status), field) << status;
  };
  const InputArrays good = SpotInputs(true);
  InputArrays inputs = good;
  inputs.erase("distances");
  expect(VariogramSpec(), inputs, reason::kMissingField, "inputs.distances");
  inputs = good;
  inputs["coordinates"] = SpotInputs(false).at("coordinates");
  expect(VariogramSpec(), inputs, reason::kContradiction, "inputs.coordinates");
  v1::Spec permuted;
  permuted.mutable_induced_quality();
  expect(permuted, good, reason::kContradiction, "inputs.distances");
  // Faults of the distances.
  const Matrix distances = good.at("distances").ToMatrix();
  const auto with = [&](const Matrix& changed) {
    InputArrays bad = good;
    bad["distances"] = HostArray::FromMatrix(changed, {});
    return bad;
  };
  Matrix bad = distances;
  bad(3, 4) = bad(4, 3) = -1e-3;
  expect(VariogramSpec(), with(bad), reason::kOutOfRange, "inputs.distances");
  bad = distances;
  bad(3, 4) += 1;
  expect(VariogramSpec(), with(bad), reason::kNotSymmetric, "inputs.distances");
  bad(3, 4) = std::numeric_limits<double>::infinity();
  expect(VariogramSpec(), with(bad), reason::kNotFinite, "inputs.distances");
  expect(VariogramSpec(),
         with(distances.topLeftCorner(20, 20)),
         reason::kWrongShape,
         "inputs.distances");
  expect(VariogramSpec(),
         with(Matrix::Ones(kSpots, kSpots)),
         reason::kDegenerate,
         "inputs.distances");
  // Places that are all one.
  inputs = SpotInputs(false);
  inputs["coordinates"] = HostArray::FromMatrix(Matrix::Ones(kSpots, 3), {});
  expect(VariogramSpec(), inputs, reason::kDegenerate, "inputs.coordinates");
  inputs["coordinates"] =
      HostArray::FromMatrix(Matrix::Constant(kSpots, 3, 1e200), {});
  expect(VariogramSpec(), inputs, reason::kOutOfRange, "inputs.coordinates");
  // A hundredth of 80 units is none.
  v1::Spec spec = VariogramSpec();
  spec.mutable_induced_quality()->add_deltas(.01);
  expect(spec, good, reason::kDegenerate, "inputs.distances");
  spec = VariogramSpec();
  spec.mutable_induced_quality()->add_deltas(1.5);
  expect(spec, good, reason::kOutOfRange, "spec.induced_quality.deltas[0]");
  spec = VariogramSpec();
  spec.mutable_induced_quality()->set_bins(2);
  expect(spec, good, reason::kOutOfRange, "spec.induced_quality.bins");
}

TEST(RewiredNullKind, SaysHowWellStrengthsAreKept) {
  v1::Spec spec;
  spec.mutable_induced_quality()->set_null(v1::NullModel::REWIRED);
  spec.mutable_induced_quality()->set_null_count(20);
  const InputArrays inputs = {
      {"matrix", GoldenInput("partition_stats", "consensus_weights")},
      {"labels", GoldenLabels("partition_stats", "induced_partition")}};
  const auto outcome = RunKind(spec, inputs);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& summary = outcome->summary.induced_quality();
  EXPECT_EQ(outcome->outputs.at("null").size(), 20);
  // Less than in rewire_test: strengths of this network hardly vary.
  EXPECT_GT(summary.positive_strength_r(), .7);
  EXPECT_GT(summary.negative_strength_r(), .7);
  EXPECT_LT(summary.positive_strength_r(), 1);
  EXPECT_TRUE(summary.has_z());
  EXPECT_EQ(summary.p(), 1. / 21);
  ExpectPlannedAndRepeatable(spec, inputs);
}

}  // namespace
}  // namespace modbound
