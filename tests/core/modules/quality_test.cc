#include "core/modules/quality.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"
#include "support/golden.h"

namespace modbound {
namespace {

constexpr double kGammas[] = {0.5, 1.0, 1.5};

struct GoldenCase {
  const char* name;
  bool has_modularity;
  bool has_potts;
};

class GoldenQuality : public testing::TestWithParam<GoldenCase> {
 protected:
  void Check(QualityFunction function, const std::string& word) {
    CheckGivenPartitions(function, word);
    CheckBestPartitions(function, word);
  }

 private:
  static QualityOptions OptionsOf(QualityFunction function, Eigen::Index g) {
    QualityOptions options;
    options.function = function;
    options.gamma = kGammas[g];
    options.keep_diagonal = true;
    return options;
  }

  // The partition that the reference optimiser found best has the quality that
  // it reports.
  void CheckBestPartitions(QualityFunction function, const std::string& word) {
    const std::string name = GetParam().name;
    const Matrix weights = LoadGolden(name, "weights").ToMatrix();
    const Matrix best =
        LoadGolden(name, "bct_best_partition_" + word).ToMatrix();
    const Matrix bar = LoadGolden(name, "bct_" + word).ToMatrix();
    ASSERT_EQ(best.rows(), 3);
    for (Eigen::Index g = 0; g < 3; ++g) {
      const Labels labels(best.row(g).begin(), best.row(g).end());
      const auto quality = Quality(weights, labels, OptionsOf(function, g));
      ASSERT_TRUE(quality.ok()) << quality.status();
      EXPECT_NEAR(*quality, bar(g, 0), 1e-9) << word << " " << g;
    }
  }

  void CheckGivenPartitions(QualityFunction function, const std::string& word) {
    const std::string name = GetParam().name;
    const Matrix weights = LoadGolden(name, "weights").ToMatrix();
    const Matrix partitions = LoadGolden(name, "partitions").ToMatrix();
    const Matrix expected = LoadGolden(name, "q_" + word).ToMatrix();
    Matrix actual(expected.rows(), expected.cols());
    for (Eigen::Index p = 0; p < expected.rows(); ++p) {
      const Labels labels(partitions.row(p).begin(), partitions.row(p).end());
      for (Eigen::Index g = 0; g < expected.cols(); ++g) {
        const auto quality = Quality(weights, labels, OptionsOf(function, g));
        ASSERT_TRUE(quality.ok()) << quality.status();
        actual(p, g) = *quality;
      }
    }
    ExpectClose(actual, expected, 1e-10, 1e-12, name + " " + word);
  }
};

TEST_P(GoldenQuality, OfGivenAndBestPartitions) {
  Check(QualityFunction::kNegativeSym, "negative_sym");
  Check(QualityFunction::kNegativeAsym, "negative_asym");
  if (GetParam().has_modularity) {
    Check(QualityFunction::kModularity, "modularity");
  }
  if (GetParam().has_potts) {
    Check(QualityFunction::kPotts, "potts");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    GoldenQuality,
    testing::Values(GoldenCase{"modularity_abs64_zerodiag", true, false},
                    GoldenCase{"modularity_bin64_zerodiag", true, true},
                    GoldenCase{"modularity_corr10_unitdiag", false, false},
                    GoldenCase{"modularity_corr10_zerodiag", false, false},
                    GoldenCase{"modularity_corr200_zerodiag", false, false},
                    GoldenCase{"modularity_corr64_unitdiag", false, false},
                    GoldenCase{"modularity_corr64_zerodiag", false, false},
                    GoldenCase{"modularity_noise64_zerodiag", false, false},
                    GoldenCase{"modularity_rnn64_zerodiag", false, false}),
    [](const auto& param) { return std::string(param.param.name + 11); });

// Two pairs joined by one edge of -1: W+ has edges 01 and 23 (s+ = 4, k+ = 1),
// W- has edge 12 (s- = 2, k- = 1 for units 1 and 2).
Matrix TwoPairs() {
  Matrix weights = Matrix::Zero(4, 4);
  weights(0, 1) = weights(1, 0) = weights(2, 3) = weights(3, 2) = 1;
  weights(1, 2) = weights(2, 1) = -1;
  return weights;
}

TEST(Quality, HandWorkedSignedPair) {
  const Labels labels = {0, 0, 1, 1};
  // Within modules: W+ sums to 4, the null to 2 * (2^2 / 4) = 2: Q+ = 2 of
  // s+ 4. W- has nothing, its null 2 * (1^2 / 2) = 1: Q- = -1.
  QualityOptions options;
  options.function = QualityFunction::kNegativeSym;
  EXPECT_DOUBLE_EQ(*Quality(TwoPairs(), labels, options), (2 + 1) / 6.0);
  options.function = QualityFunction::kNegativeAsym;
  EXPECT_DOUBLE_EQ(*Quality(TwoPairs(), labels, options), 2 / 4.0 + 1 / 6.0);
  options.function = QualityFunction::kUniform;
  options.gamma = 0.25;
  // 4 - 8 pairs * .25 over sum|W| = 6.
  EXPECT_DOUBLE_EQ(*Quality(TwoPairs(), labels, options), 2 / 6.0);
}

TEST(Quality, EveryFunctionAgreesWithTheFullMatrix) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (const bool keep_diagonal : {false, true}) {
      for (const QualityFunction function : kAllFunctions) {
        const OracleCase oracle = RandomOracleCase(function, 9, seed);
        QualityOptions options;
        options.function = function;
        options.gamma = 0.7;
        options.keep_diagonal = keep_diagonal;
        const auto quality = Quality(
            oracle.weights, oracle.labels, options, &oracle.null_matrix);
        ASSERT_TRUE(quality.ok()) << quality.status();
        const Matrix full = FullQualityMatrix(oracle, options);
        EXPECT_NEAR(*quality, SumWithin(full, oracle.labels), 1e-12)
            << static_cast<int>(function) << " seed " << seed;
      }
    }
  }
}

TEST(Quality, MeanOverPermutationsIsTheMeanOfAllOfThem) {
  for (const QualityFunction function : kAllFunctions) {
    const OracleCase oracle = RandomOracleCase(function, 6, 4);
    QualityOptions options;
    options.function = function;
    options.keep_diagonal = true;
    const auto problem =
        ModularityProblem::Make(oracle.weights, options, &oracle.null_matrix);
    ASSERT_TRUE(problem.ok()) << problem.status();
    const Labels labels = {0, 0, 0, 1, 1, 2};
    std::vector<int> order = {0, 1, 2, 3, 4, 5};
    double sum = 0;
    int count = 0;
    do {
      Labels permuted;
      for (const int unit : order) {
        permuted.push_back(labels[unit]);
      }
      sum += problem->Quality(permuted);
      ++count;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(count, 720);
    EXPECT_NEAR(problem->MeanOverPermutations(labels), sum / count, 1e-12);
  }
}

TEST(Quality, BatchIsBitForBitOneByOne) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 37, 1);
  const auto problem =
      ModularityProblem::Make(oracle.weights, QualityOptions());
  ASSERT_TRUE(problem.ok());
  std::vector<Labels> batch(5, oracle.labels);
  RandomStream random(5, RandomPurpose::kLabelPermutation, 0);
  for (Labels& labels : batch) {
    random.Shuffle(labels);
  }
  const auto together = problem->Qualities(batch, Execution());
  ASSERT_TRUE(together.ok());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    EXPECT_EQ((*together)[b], problem->Quality(batch[b]));
  }
}

TEST(Quality, DoesNotDependOnLabelNumbersOrScale) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 12, 3);
  const double quality =
      *Quality(oracle.weights, oracle.labels, QualityOptions());
  Labels renumbered = oracle.labels;
  for (int32_t& label : renumbered) {
    label = 100 - 7 * label;
  }
  EXPECT_NEAR(
      *Quality(oracle.weights, renumbered, QualityOptions()), quality, 1e-14);
  EXPECT_NEAR(*Quality(1e6 * oracle.weights, oracle.labels, QualityOptions()),
              quality,
              1e-13);
}

TEST(Quality, OfWeightsNearTheLimitsOfDoubleIsThatOfTheirShape) {
  // Sums, and squares of sums, would leave the range of double.
  const Labels labels = {0, 0, 1, 1};
  for (const QualityFunction function :
       {QualityFunction::kNegativeAsym, QualityFunction::kNegativeSym}) {
    QualityOptions options;
    options.function = function;
    const double expected = *Quality(TwoPairs(), labels, options);
    for (const double scale : {1e308, 0x1p600, 0x1p-600, 1e-308, 0x1p-1074}) {
      const auto quality = Quality(scale * TwoPairs(), labels, options);
      ASSERT_TRUE(quality.ok()) << quality.status();
      EXPECT_NEAR(*quality, expected, 1e-15) << scale;
    }
  }
  const Matrix positive = TwoPairs().cwiseAbs();
  QualityOptions modularity;
  modularity.function = QualityFunction::kModularity;
  EXPECT_NEAR(*Quality(1e308 * positive, labels, modularity),
              *Quality(positive, labels, modularity),
              1e-15);
  // (W - g)/sum|W|: the null is that of the weights as they are.
  QualityOptions uniform;
  uniform.function = QualityFunction::kUniform;
  EXPECT_DOUBLE_EQ(*Quality(1e308 * TwoPairs(), labels, uniform), 4 / 6.0);
  uniform.gamma = 0.25e-300;
  EXPECT_DOUBLE_EQ(*Quality(1e-300 * TwoPairs(), labels, uniform), 2 / 6.0);
}

TEST(Quality, RefusesWeightsWhoseQualityNoDoubleHolds) {
  const Labels labels = {0, 0, 1, 1};
  const auto refused = [&](const Matrix& weights,
                           const QualityOptions& options,
                           const Matrix* null_matrix = nullptr) {
    const absl::Status status =
        Quality(weights, labels, options, null_matrix).status();
    EXPECT_EQ(ReasonOf(status), reason::kOutOfRange) << status;
    EXPECT_EQ(FieldOf(status), "matrix");
  };
  QualityOptions options;
  options.function = QualityFunction::kUniform;
  refused(1e-310 * TwoPairs(), options);
  options.function = QualityFunction::kCustom;
  const Matrix large_null = -1e308 * TwoPairs();
  refused(1e308 * TwoPairs(), options, &large_null);
  // Negative weights that are nothing beside the positive ones.
  Matrix unlike = TwoPairs();
  unlike(1, 2) = unlike(2, 1) = -0x1p-1074;
  refused(unlike, QualityOptions());
}

TEST(Quality, LeavesUnitsOfLabelMinusOneOut) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeSym, 8, 2);
  Labels labels = oracle.labels;
  labels[3] = -1;
  Matrix weights = oracle.weights;
  // What stands in the row of a unit left out does not matter.
  weights.row(3).setConstant(std::nan(""));
  std::vector<int> kept = {0, 1, 2, 4, 5, 6, 7};
  Labels kept_labels;
  for (const int unit : kept) {
    kept_labels.push_back(labels[unit]);
  }
  const auto quality = Quality(weights, labels, QualityOptions());
  ASSERT_TRUE(quality.ok()) << quality.status();
  EXPECT_DOUBLE_EQ(
      *quality,
      *Quality(oracle.weights(kept, kept), kept_labels, QualityOptions()));
}

TEST(Quality, OfAnEmptyMatrixIsZero) {
  for (const QualityFunction function : {QualityFunction::kNegativeAsym,
                                         QualityFunction::kNegativeSym,
                                         QualityFunction::kModularity,
                                         QualityFunction::kUniform}) {
    QualityOptions options;
    options.function = function;
    EXPECT_EQ(*Quality(Matrix::Zero(3, 3), {0, 0, 1}, options), 0);
  }
  // Positive weights only: the negative term is 0, not NaN.
  EXPECT_NEAR(
      *Quality(Matrix::Ones(3, 3), {0, 0, 0}, QualityOptions()), 0, 1e-15);
}

TEST(Quality, DirectedUsesTheSymmetricPart) {
  Matrix weights = TwoPairs();
  weights(0, 1) = 2;
  weights(1, 0) = 0;
  QualityOptions options;
  EXPECT_EQ(ReasonOf(Quality(weights, {0, 0, 1, 1}, options).status()),
            reason::kNotSymmetric);
  options.directed = true;
  EXPECT_EQ(*Quality(weights, {0, 0, 1, 1}, options),
            *Quality(TwoPairs(), {0, 0, 1, 1}, QualityOptions()));
}

TEST(Quality, AcceptsAsymmetryOfRounding) {
  Matrix weights = TwoPairs();
  weights(0, 1) += 32 * 0x1p-52;
  EXPECT_TRUE(Quality(weights, {0, 0, 1, 1}, QualityOptions()).ok());
  weights(0, 1) += 128 * 0x1p-52;
  EXPECT_FALSE(Quality(weights, {0, 0, 1, 1}, QualityOptions()).ok());
  QualityOptions stored_as_float;
  stored_as_float.epsilon = 0x1p-23;
  EXPECT_TRUE(Quality(weights, {0, 0, 1, 1}, stored_as_float).ok());
}

struct Refused {
  const char* name;
  QualityFunction function;
  double weight;  // of edge 01
  const char* reason;
};

class QualityRefuses : public testing::TestWithParam<Refused> {};

TEST_P(QualityRefuses, WhatIsUndefined) {
  Matrix weights = Matrix::Zero(4, 4);
  weights(0, 1) = weights(1, 0) = GetParam().weight;
  QualityOptions options;
  options.function = GetParam().function;
  const absl::Status status = Quality(weights, {0, 0, 1, 1}, options).status();
  EXPECT_EQ(ReasonOf(status), GetParam().reason);
  EXPECT_EQ(FieldOf(status), "matrix");
}

INSTANTIATE_TEST_SUITE_P(
    Values,
    QualityRefuses,
    testing::Values(
        Refused{"NaN",
                QualityFunction::kNegativeAsym,
                std::nan(""),
                reason::kNotFinite},
        Refused{"Negative",
                QualityFunction::kModularity,
                -0.5,
                reason::kNegativeWeight},
        Refused{"NotBinary", QualityFunction::kPotts, 0.5, reason::kNotBinary}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Quality, RefusesBadLabelsShapesAndOptions) {
  const Matrix weights = TwoPairs();
  QualityOptions options;
  auto reason_of = [&](const Labels& labels) {
    const absl::Status status = Quality(weights, labels, options).status();
    EXPECT_EQ(FieldOf(status), "labels");
    return ReasonOf(status);
  };
  EXPECT_EQ(reason_of({0, 0, 1}), reason::kWrongShape);
  EXPECT_EQ(reason_of({0, 0, 1, -2}), reason::kBadLabels);
  EXPECT_EQ(reason_of({-1, -1, -1, -1}), reason::kDegenerate);
  EXPECT_EQ(
      ReasonOf(Quality(Matrix::Zero(4, 3), {0, 0, 0, 0}, options).status()),
      reason::kWrongShape);
  options.function = QualityFunction::kCustom;
  EXPECT_EQ(FieldOf(Quality(weights, {0, 0, 1, 1}, options).status()),
            "null_matrix");
  options.gamma = 0;
  EXPECT_EQ(FieldOf(Quality(weights, {0, 0, 1, 1}, options).status()), "gamma");
}

}  // namespace
}  // namespace modbound
