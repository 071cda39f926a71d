#include "core/modules/multilayer.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"

namespace modbound {
namespace {

// Labels of L layers as those of the nodes l N + i.
Labels Flat(const std::vector<Labels>& layers) {
  Labels flat;
  for (const Labels& layer : layers) {
    flat.insert(flat.end(), layer.begin(), layer.end());
  }
  return flat;
}

std::vector<Matrix> RandomLayers(QualityFunction function,
                                 int64_t layers,
                                 Eigen::Index n) {
  std::vector<Matrix> matrices;
  for (int64_t l = 0; l < layers; ++l) {
    matrices.push_back(RandomOracleCase(function, n, 11 + l).weights);
  }
  return matrices;
}

// s_l of the header.
double TotalWeight(Matrix weights, QualityFunction function) {
  weights.diagonal().setZero();
  return function == QualityFunction::kNegativeAsym
             ? weights.cwiseMax(0.0).sum()
             : weights.cwiseAbs().sum();
}

constexpr QualityFunction kLayerFunctions[] = {QualityFunction::kNegativeAsym,
                                               QualityFunction::kNegativeSym,
                                               QualityFunction::kModularity,
                                               QualityFunction::kPotts,
                                               QualityFunction::kUniform};

TEST(MultilayerProblem, OfTwoLayersByHand) {
  // Three units; layer 0 joins 0-1 by 2, layer 1 joins 1-2 by 1. s_0 = 4, s_1 =
  // 2; ordinal coupling .5 of 3 units: 2 mu = 4 + 2 + 2 x 3 x .5 = 9.
  // Labels 0: {0, 1}, {2}; 1: 0 and 1 as before, 2 as 1 (module 0).
  // Layer 0: modules of strengths 4 and 0: 4 - 16/4 = 0.
  // Layer 1: module 0 = all: 2 - 4/2 = 0. Coupling: units 0, 1 both ways: 2.
  // Q = 2/9. With unit 2 of layer 0 in module 0 too: 3/9.
  // With layer 1's unit 0 alone: 2 - 4/2 - 0 = 0; coupling only of unit 1: 1/9.
  Matrix first = Matrix::Zero(3, 3);
  Matrix second = Matrix::Zero(3, 3);
  first(0, 1) = first(1, 0) = 2;
  second(1, 2) = second(2, 1) = 1;
  MultilayerOptions options;
  options.layer.function = QualityFunction::kModularity;
  options.omega = .5;
  const auto problem =
      MakeMultilayerProblem({first, second}, options, Execution());
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_NEAR(problem->Quality({0, 0, 1, 0, 0, 0}), 2. / 9, 1e-15);
  EXPECT_NEAR(problem->Quality({0, 0, 0, 0, 0, 0}), 3. / 9, 1e-15);
  EXPECT_NEAR(problem->Quality({0, 0, 1, 2, 0, 0}), 1. / 9, 1e-15);
  // Apart: layer 0 - (4 + 4) / 4 = -2, layer 1 - (1 + 1) / 2 = -1.
  EXPECT_NEAR(problem->Quality({0, 1, 2, 3, 4, 5}), -3. / 9, 1e-15);
  // Best: {0, 1} and 2 in layer 0, 0 and {1, 2} in layer 1 score no better than
  // all together.
  options.runs = 5;
  const auto modules =
      FindMultilayerModules({first, second}, options, Execution());
  ASSERT_TRUE(modules.ok());
  EXPECT_NEAR(modules->quality, 3. / 9, 1e-15);
}

TEST(MultilayerProblem, WithoutCouplingIsTheWeightedMeanOfItsLayers) {
  for (const QualityFunction function : kLayerFunctions) {
    const std::vector<Matrix> layers = RandomLayers(function, 3, 7);
    MultilayerOptions options;
    options.layer.function = function;
    options.layer.gamma = 1.2;
    options.omega = 0;
    const auto problem = MakeMultilayerProblem(layers, options, Execution());
    ASSERT_TRUE(problem.ok()) << problem.status();
    std::vector<Labels> labels;
    double sum = 0;
    double total = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      labels.push_back(RandomOracleCase(function, 7, 50 + l).labels);
      const double weight = TotalWeight(layers[l], function);
      sum += weight * *Quality(layers[l], labels[l], options.layer);
      total += weight;
    }
    EXPECT_NEAR(problem->Quality(Flat(labels)), sum / total, 1e-13);
  }
}

TEST(MultilayerProblem, CountsEachCoupledPairOfLayers) {
  // Zero matrices: only the coupling counts, and all of it when every unit
  // keeps its module. Of 4 layers, one unit of 5 leaves its module in layer 1:
  // ordinal 3 steps of which it loses 2, categorical 6 pairs of which it
  // loses 3.
  const std::vector<Matrix> layers(4, Matrix::Zero(5, 5));
  for (const LayerCoupling coupling :
       {LayerCoupling::kOrdinal, LayerCoupling::kCategorical}) {
    MultilayerOptions options;
    options.coupling = coupling;
    options.omega = 3;
    const auto problem = MakeMultilayerProblem(layers, options, Execution());
    ASSERT_TRUE(problem.ok()) << problem.status();
    Labels labels(20, 0);
    EXPECT_NEAR(problem->Quality(labels), 1, 1e-14);
    labels[5 + 2] = 1;
    EXPECT_NEAR(problem->Quality(labels),
                coupling == LayerCoupling::kOrdinal ? 13. / 15 : 27. / 30,
                1e-14);
  }
}

TEST(MultilayerModules, WithoutCouplingAreBestInEachLayer) {
  const std::vector<Matrix> layers =
      RandomLayers(QualityFunction::kNegativeAsym, 2, 6);
  MultilayerOptions options;
  options.omega = 0;
  options.runs = 20;
  const auto modules = FindMultilayerModules(layers, options, Execution());
  ASSERT_TRUE(modules.ok());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    MultilayerOptions alone = options;
    // A second layer without weights adds nothing.
    const auto single = FindMultilayerModules(
        {layers[l], Matrix::Zero(6, 6)}, alone, Execution());
    ASSERT_TRUE(single.ok());
    EXPECT_NEAR(*Quality(layers[l], modules->labels[l], options.layer),
                single->quality,
                1e-12);
  }
}

TEST(MultilayerModules, StrongCouplingGivesEveryLayerTheSameModules) {
  const std::vector<Matrix> layers =
      RandomLayers(QualityFunction::kNegativeAsym, 4, 12);
  MultilayerOptions options;
  options.omega = 1000;
  options.runs = 10;
  const auto modules = FindMultilayerModules(layers, options, Execution());
  ASSERT_TRUE(modules.ok());
  for (const Labels& layer : modules->labels) {
    EXPECT_EQ(layer, modules->labels[0]);
  }
  EXPECT_GT(modules->num_modules, 1);
  EXPECT_LT(modules->num_modules, 12);
  // Gains within the layers of some 1e-11 of Q count beside it, too.
  std::vector<Matrix> small = layers;
  for (Matrix& layer : small) {
    layer *= 1e-3;
  }
  options.omega = 1e6;
  const auto coupled = FindMultilayerModules(small, options, Execution());
  ASSERT_TRUE(coupled.ok());
  for (const Labels& layer : coupled->labels) {
    EXPECT_EQ(layer, coupled->labels[0]);
  }
  EXPECT_EQ(coupled->num_modules, modules->num_modules);
}

// s_l and Q_l are of the same weights: where w_ij and w_ji have other signs
// those of (W + W')/2 are smaller.
TEST(MultilayerProblem, OfDirectedLayersIsThatOfTheirSymmetricParts) {
  std::vector<Matrix> directed =
      RandomLayers(QualityFunction::kNegativeAsym, 2, 6);
  std::vector<Matrix> symmetric;
  for (Matrix& layer : directed) {
    layer.triangularView<Eigen::StrictlyUpper>() *= -0.5;
    symmetric.emplace_back((layer + layer.transpose()) / 2);
  }
  MultilayerOptions options;
  const auto expected = MakeMultilayerProblem(symmetric, options, Execution());
  options.layer.directed = true;
  const auto actual = MakeMultilayerProblem(directed, options, Execution());
  ASSERT_TRUE(expected.ok() && actual.ok()) << actual.status();
  const Labels labels = {0, 0, 0, 1, 1, 2, 0, 0, 1, 1, 1, 2};
  EXPECT_NEAR(actual->Quality(labels), expected->Quality(labels), 1e-13);
}

// Every partition of n nodes as a restricted growth string.
void EachPartition(int n,
                   Labels& labels,
                   int32_t used,
                   const std::function<void(const Labels&)>& visit) {
  if (static_cast<int>(labels.size()) == n) {
    visit(labels);
    return;
  }
  for (int32_t label = 0; label <= used; ++label) {
    labels.push_back(label);
    EachPartition(n, labels, std::max(used, label + 1), visit);
    labels.pop_back();
  }
}

TEST(MultilayerModules, AreTheBestOfAllPartitions) {
  for (const QualityFunction function : kLayerFunctions) {
    for (const double omega : {.1, 1.}) {
      const std::vector<Matrix> layers = RandomLayers(function, 2, 4);
      MultilayerOptions options;
      options.layer.function = function;
      options.omega = omega;
      options.runs = 20;
      const auto problem = MakeMultilayerProblem(layers, options, Execution());
      ASSERT_TRUE(problem.ok()) << problem.status();
      double best = -std::numeric_limits<double>::infinity();
      Labels labels;
      EachPartition(8, labels, 0, [&](const Labels& partition) {
        best = std::max(best, problem->Quality(partition));
      });
      const auto modules = FindMultilayerModules(layers, options, Execution());
      ASSERT_TRUE(modules.ok());
      EXPECT_NEAR(modules->quality, best, 1e-12);
      EXPECT_NEAR(problem->Quality(Flat(modules->labels)), best, 1e-12);
      EXPECT_EQ(modules->quality, modules->run_quality.maxCoeff());
    }
  }
}

TEST(MultilayerModules, AreNumberedOverAllLayersBySize) {
  const std::vector<Matrix> layers =
      RandomLayers(QualityFunction::kNegativeAsym, 3, 10);
  MultilayerOptions options;
  options.runs = 3;
  const auto modules = FindMultilayerModules(layers, options, Execution());
  const Labels flat = Flat(modules->labels);
  EXPECT_EQ(CanonicalLabels(flat), flat);
  EXPECT_EQ(NumModules(flat), modules->num_modules);
}

TEST(MultilayerModules, SameBytesAtAnyThreadCount) {
  const Matrix weights =
      LoadGolden("partition_stats", "consensus_weights").ToMatrix();
  const std::vector<Matrix> layers = {weights, weights.reverse()};
  MultilayerOptions options;
  options.runs = 8;
  const auto one = FindMultilayerModules(layers, options, Execution());
  for (const int threads : {2, 4}) {
    Execution execution;
    execution.threads = threads;
    const auto more = FindMultilayerModules(layers, options, execution);
    EXPECT_EQ(more->labels, one->labels);
    EXPECT_EQ(more->run_quality, one->run_quality);
  }
}

TEST(MultilayerModules, RefuseByField) {
  const std::vector<Matrix> layers =
      RandomLayers(QualityFunction::kNegativeAsym, 2, 4);
  const auto refused = [&](const std::vector<Matrix>& matrices,
                           const MultilayerOptions& options) {
    return MakeMultilayerProblem(matrices, options, Execution()).status();
  };
  MultilayerOptions options;
  EXPECT_TRUE(refused(layers, options).ok());
  const auto expect =
      [](const absl::Status& status, const char* reason, const char* field) {
        EXPECT_EQ(ReasonOf(status), reason) << status;
        EXPECT_EQ(FieldOf(status), field) << status;
      };
  expect(refused({layers[0]}, options), reason::kWrongShape, "matrices");
  expect(refused({layers[0], Matrix::Zero(3, 3)}, options),
         reason::kWrongShape,
         "matrices");
  std::vector<Matrix> bad = layers;
  bad[1](0, 2) += 1;
  const absl::Status asymmetric = refused(bad, options);
  expect(asymmetric, reason::kNotSymmetric, "matrices");
  EXPECT_NE(asymmetric.message().find("layer 1"), std::string::npos);
  bad[1](0, 2) = std::nan("");
  expect(refused(bad, options), reason::kNotFinite, "matrices");
  // Sums beyond the largest double.
  bad = {Matrix::Constant(4, 4, 1e308), layers[1]};
  expect(refused(bad, options), reason::kOutOfRange, "matrices");
  options.omega = 0;
  expect(refused({Matrix::Zero(4, 4), Matrix::Identity(4, 4)}, options),
         reason::kDegenerate,
         "matrices");
  options.omega = -1;
  expect(refused(layers, options), reason::kOutOfRange, "omega");
  options = {};
  options.runs = 0;
  expect(refused(layers, options), reason::kOutOfRange, "runs");
  options = {};
  options.layer.function = QualityFunction::kCustom;
  expect(refused(layers, options), reason::kOutOfRange, "quality");
  options = {};
  options.layer.gamma = 0;
  expect(refused(layers, options), reason::kOutOfRange, "gamma");
}

TEST(MultilayerModules, Stop) {
  StopFlag stop;
  stop.Stop();
  Execution execution;
  execution.stop = &stop;
  EXPECT_EQ(
      FindMultilayerModules(RandomLayers(QualityFunction::kNegativeAsym, 2, 4),
                            MultilayerOptions(),
                            execution)
          .status()
          .code(),
      absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace modbound
