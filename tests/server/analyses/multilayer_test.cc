#include "core/modules/multilayer.h"

#include <cmath>

#include "core/base/error.h"
#include "core/modules/layer_dynamics.h"
#include "gtest/gtest.h"
#include "module_kinds.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

constexpr int64_t kLayerUnits = 15;

// Three layers of random symmetric weights.
HostArray LayerMatrices() {
  std::vector<double> values;
  for (uint64_t l = 0; l < 3; ++l) {
    const Matrix half = RandomMatrix(kLayerUnits, kLayerUnits, l);
    const Matrix layer = half + half.transpose();
    values.insert(values.end(), layer.data(), layer.data() + layer.size());
  }
  return HostArray::FromDoubles(values, {3, kLayerUnits, kLayerUnits}, {});
}

v1::Spec LayerSpec() {
  v1::Spec spec;
  spec.mutable_multilayer()->set_runs(5);
  spec.mutable_multilayer()->set_omega(.7);
  return spec;
}

TEST(MultilayerKind, GivesTheModulesOfTheCoreAndTheirDynamics) {
  const auto outcome = RunKind(LayerSpec(), {{"matrices", LayerMatrices()}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  MultilayerOptions options;
  options.omega = .7;
  options.runs = 5;
  const Matrix all = LayerMatrices().ToMatrix();
  const auto modules =
      FindMultilayerModules({all.topRows(kLayerUnits),
                             all.middleRows(kLayerUnits, kLayerUnits),
                             all.bottomRows(kLayerUnits)},
                            options,
                            Execution());
  ASSERT_TRUE(modules.ok());
  const v1::MultilayerSummary& summary = outcome->summary.multilayer();
  EXPECT_EQ(summary.quality(), modules->quality);
  EXPECT_EQ(summary.num_modules(), modules->num_modules);
  EXPECT_EQ(summary.mean_run_quality(), modules->run_quality.mean());
  const HostArray& labels = outcome->outputs.at("labels");
  for (int64_t l = 0; l < 3; ++l) {
    for (int64_t i = 0; i < kLayerUnits; ++i) {
      EXPECT_EQ(labels.At(l * kLayerUnits + i), modules->labels[l][i]);
    }
  }
  EXPECT_EQ(outcome->outputs.at("flexibility").ToVector(),
            Flexibility(modules->labels));
  EXPECT_EQ(outcome->outputs.at("promiscuity").ToVector(),
            Promiscuity(modules->labels));
  EXPECT_EQ(outcome->outputs.at("allegiance").ToMatrix(),
            Allegiance(modules->labels));
  EXPECT_DOUBLE_EQ(summary.mean_flexibility(),
                   Flexibility(modules->labels).mean());
}

TEST(MultilayerKind, IsAsPlannedAndTheSameAtAnyThreadCount) {
  v1::Spec spec = LayerSpec();
  spec.mutable_multilayer()->set_coupling(v1::Coupling::CATEGORICAL);
  ExpectPlannedAndRepeatable(spec, {{"matrices", LayerMatrices()}});
}

TEST(MultilayerKind, CouplesEveryPairOfLayersWhenCategorical) {
  v1::Spec spec = LayerSpec();
  spec.mutable_multilayer()->set_omega(50);
  const auto ordinal = RunKind(spec, {{"matrices", LayerMatrices()}});
  spec.mutable_multilayer()->set_coupling(v1::Coupling::CATEGORICAL);
  const auto categorical = RunKind(spec, {{"matrices", LayerMatrices()}});
  ASSERT_TRUE(ordinal.ok() && categorical.ok());
  // The same modules in all layers; more of Q is coupling.
  EXPECT_EQ(ordinal->summary.multilayer().mean_flexibility(), 0);
  EXPECT_GT(categorical->summary.multilayer().quality(),
            ordinal->summary.multilayer().quality());
}

TEST(MultilayerKind, LeavesLargeSquareOutputsOutUnlessNamed) {
  v1::Spec spec = LayerSpec();
  InputInfos infos;
  infos["matrices"] = {
      v1::DType::FLOAT32, {2, 5000, 5000}, std::nullopt, nullptr};
  const auto without = PlanJob(spec, infos);
  ASSERT_TRUE(without.ok()) << without.status();
  spec.mutable_multilayer()->add_outputs("allegiance");
  const auto with = PlanJob(spec, infos);
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->outputs.size(), without->outputs.size() + 1);
  // The matrix of all layers alone: 10,000 x 10,000 doubles.
  EXPECT_GT(without->memory_bytes, int64_t{800'000'000});
}

TEST(MultilayerKind, RefusesByField) {
  const auto refused = [](const v1::Spec& spec, const HostArray& matrices) {
    return RunKind(spec, {{"matrices", matrices}}).status();
  };
  const auto expect =
      [](const absl::Status& status, const char* reason, const char* field) {
        EXPECT_EQ(ReasonOf(status), reason) << status;
        EXPECT_EQ(FieldOf(status), field) << status;
      };
  expect(refused(LayerSpec(), HostArray(v1::DType::FLOAT64, {1, 3, 3})),
         reason::kWrongShape,
         "inputs.matrices");
  expect(refused(LayerSpec(), HostArray(v1::DType::FLOAT64, {2, 3, 4})),
         reason::kWrongShape,
         "inputs.matrices");
  expect(refused(LayerSpec(), HostArray(v1::DType::FLOAT64, {3, 3})),
         reason::kWrongShape,
         "inputs.matrices");
  const HostArray asymmetric =
      HostArray::FromDoubles({0, 1, 1, 0, 0, 1, 2, 0}, {2, 2, 2}, {});
  expect(refused(LayerSpec(), asymmetric),
         reason::kNotSymmetric,
         "inputs.matrices");
  const HostArray nan = HostArray::FromDoubles(
      {0, 1, 1, 0, 0, std::nan(""), 2, 0}, {2, 2, 2}, {});
  expect(refused(LayerSpec(), nan), reason::kNotFinite, "inputs.matrices");
  const HostArray negative =
      HostArray::FromDoubles({0, 1, 1, 0, 0, -1, -1, 0}, {2, 2, 2}, {});
  v1::Spec spec = LayerSpec();
  spec.mutable_multilayer()->set_quality(v1::QualityFunction::MODULARITY);
  expect(refused(spec, negative), reason::kNegativeWeight, "inputs.matrices");
  spec.mutable_multilayer()->set_quality(v1::QualityFunction::CUSTOM);
  expect(
      refused(spec, negative), reason::kOutOfRange, "spec.multilayer.quality");
  spec = LayerSpec();
  spec.mutable_multilayer()->set_omega(-1);
  expect(refused(spec, negative), reason::kOutOfRange, "spec.multilayer.omega");
  spec = LayerSpec();
  spec.mutable_multilayer()->add_outputs("similarity");
  expect(
      refused(spec, negative), reason::kOutOfRange, "spec.multilayer.outputs");
  // Directed layers are made symmetric.
  spec = LayerSpec();
  spec.mutable_multilayer()->set_directed(true);
  EXPECT_TRUE(refused(spec, asymmetric).ok());
}

}  // namespace
}  // namespace modbound
