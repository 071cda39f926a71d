#include "core/modules/stored_problem.h"

#include <cmath>
#include <cstdlib>

#include "core/base/error.h"
#include "core/modules/labels.h"
#include "core/modules/partition.h"
#include "gtest/gtest.h"
#include "quality_oracle.h"

namespace modbound {
namespace {

// In memory of its own, with nothing known of the values.
StoredWeights<float> FloatsOf(const Matrix& matrix) {
  StoredWeights<float> weights;
  weights.size = matrix.rows();
  const auto bytes = static_cast<std::size_t>(matrix.size()) * sizeof(float);
  weights.values = std::shared_ptr<float>(
      static_cast<float*>(std::aligned_alloc(64, (bytes / 64 + 1) * 64)),
      std::free);
  Eigen::Map<FloatMatrix>(weights.values.get(), matrix.rows(), matrix.cols()) =
      matrix.cast<float>();
  return weights;
}

QualityOptions FloatOptions(QualityFunction function, bool keep_diagonal) {
  QualityOptions options;
  options.function = function;
  options.gamma = 0.7;
  options.keep_diagonal = keep_diagonal;
  options.epsilon = 0x1p-23;
  return options;
}

constexpr QualityFunction kFloatFunctions[] = {QualityFunction::kNegativeAsym,
                                               QualityFunction::kNegativeSym,
                                               QualityFunction::kModularity,
                                               QualityFunction::kPotts,
                                               QualityFunction::kUniform};

TEST(StoredFloats, HasTheQualityOfTheFullMatrix) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    for (const bool keep_diagonal : {false, true}) {
      for (const QualityFunction function : kFloatFunctions) {
        const OracleCase oracle = RandomOracleCase(function, 37, seed);
        const QualityOptions options = FloatOptions(function, keep_diagonal);
        const auto made = MakeStoredProblem(FloatsOf(oracle.weights),
                                            options,
                                            {{}, false},
                                            nullptr,
                                            Execution());
        ASSERT_TRUE(made.ok()) << made.status();
        EXPECT_NEAR(
            made->problem.Quality(oracle.labels),
            SumWithin(FullQualityMatrix(oracle, options), oracle.labels),
            2e-7)
            << static_cast<int>(function) << " seed " << seed;
        // Whatever is rounded, the closed form is that of the same numbers.
        const Labels one(37, 0);
        EXPECT_NEAR(made->problem.MeanOverPermutations(one),
                    made->problem.Quality(one),
                    1e-12);
      }
    }
  }
}

// A float takes no 1 beside 2^24.
TEST(StoredFloats, SumsInFloat64) {
  OracleCase oracle = RandomOracleCase(QualityFunction::kPotts, 300, 3);
  oracle.weights(7, 0) = oracle.weights(0, 7) = 0x1p24;
  const QualityOptions options =
      FloatOptions(QualityFunction::kNegativeSym, false);
  const auto made = MakeStoredProblem(
      FloatsOf(oracle.weights), options, {{}, true}, nullptr, Execution());
  ASSERT_TRUE(made.ok());
  Matrix weights = oracle.weights;
  weights.diagonal().setZero();
  const Vector k = weights.rowwise().sum();
  EXPECT_EQ((made->problem.k_plus() - k).cwiseAbs().maxCoeff(), 0);
}

TEST(StoredFloats, OfADirectedMatrixIsThatOfItsSymmetricPart) {
  for (const QualityFunction function : kFloatFunctions) {
    OracleCase oracle = RandomOracleCase(function, 70, 4);
    oracle.weights.row(3).tail(60).setZero();
    QualityOptions options = FloatOptions(function, false);
    EXPECT_EQ(
        ReasonOf(
            MakeStoredProblem(
                FloatsOf(oracle.weights), options, {{}, false}, nullptr, {})
                .status()),
        reason::kNotSymmetric);
    options.directed = true;
    const auto made = MakeStoredProblem(
        FloatsOf(oracle.weights), options, {{}, false}, nullptr, {});
    ASSERT_TRUE(made.ok()) << made.status();
    const auto doubles = ModularityProblem::Make(oracle.weights, options);
    ASSERT_TRUE(doubles.ok());
    EXPECT_NEAR(made->problem.Quality(oracle.labels),
                doubles->Quality(oracle.labels),
                2e-7);
  }
}

TEST(StoredFloats, LeavesSilentUnitsOutInPlace) {
  OracleCase oracle = RandomOracleCase(QualityFunction::kNegativeAsym, 9, 1);
  for (const int unit : {0, 4, 8}) {
    oracle.weights.row(unit).setZero();
    oracle.weights.col(unit).setZero();
  }
  const QualityOptions options =
      FloatOptions(QualityFunction::kNegativeAsym, false);
  const auto made = MakeStoredProblem(
      FloatsOf(oracle.weights), options, {{}, false}, nullptr, {});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->units, (std::vector<int64_t>{1, 2, 3, 5, 6, 7}));
  EXPECT_NEAR(made->problem.Quality(RestrictLabels(oracle.labels, made->units)),
              *Quality(oracle.weights, oracle.labels, options),
              1e-7);
  // A unit of a diagonal alone is not silent.
  oracle.weights(4, 4) = 1;
  EXPECT_EQ(MakeStoredProblem(
                FloatsOf(oracle.weights), options, {{}, false}, nullptr, {})
                ->units.size(),
            7);
  EXPECT_EQ(MakeStoredProblem(
                FloatsOf(oracle.weights), options, {{}, true}, nullptr, {})
                ->units.size(),
            9);
}

// Everything that is read of weights, element by element.
void ExpectSameBits(const Weights& floats, const Weights& doubles) {
  const int64_t n = doubles.size();
  EXPECT_EQ(floats.Trace(), doubles.Trace());
  Labels labels(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(i * i % 5);
  }
  EXPECT_EQ(floats.BetweenFromRows(labels, 5, {}),
            doubles.BetweenFromRows(labels, 5, {}));
  Matrix float_sums = Matrix::Zero(5, n);
  Matrix double_sums = Matrix::Zero(5, n);
  floats.AddAddends(labels, {}, float_sums);
  doubles.AddAddends(labels, {}, double_sums);
  EXPECT_EQ(float_sums, double_sums);
  EXPECT_EQ(floats.Between(labels, 5, float_sums),
            doubles.Between(labels, 5, double_sums));
  const auto float_rows = floats.MakeRows();
  const auto double_rows = doubles.MakeRows();
  Vector buffer(n);
  for (int32_t i = 0; i < n; ++i) {
    Vector float_links(5);
    Vector double_links(5);
    float_rows->Links(i, labels, 5, float_links.data());
    double_rows->Links(i, labels, 5, double_links.data());
    EXPECT_EQ(float_links, double_links) << i;
    EXPECT_EQ(floats.Diagonal(i), doubles.Diagonal(i));
    EXPECT_EQ(Vector(Vector::ConstMapType(floats.Addend(i, buffer.data()), n)),
              Vector(Vector::ConstMapType(doubles.Addend(i, nullptr), n)));
  }
  EXPECT_EQ(floats.Restrict({0, 3, n - 1}, {}),
            doubles.Restrict({0, 3, n - 1}, {}));
}

// Floats are scaled in float64 when they are read. 203: not a whole number of
// vectors.
TEST(StoredFloats, HaveEveryBitOfTheSameDoubles) {
  for (const QualityFunction function : kFloatFunctions) {
    for (const bool keep_diagonal : {false, true}) {
      OracleCase oracle = RandomOracleCase(function, 203, 5);
      oracle.weights = oracle.weights.cast<float>().cast<double>().eval();
      const QualityOptions options = FloatOptions(function, keep_diagonal);
      const auto floats = MakeStoredProblem(
          FloatsOf(oracle.weights), options, {}, nullptr, Execution());
      const auto doubles = MakeStoredProblem(
          StoredWeightsOf(oracle.weights), options, {}, nullptr, Execution());
      ASSERT_TRUE(floats.ok() && doubles.ok());
      EXPECT_EQ(floats->problem.Quality(oracle.labels),
                doubles->problem.Quality(oracle.labels));
      EXPECT_EQ(floats->problem.k_plus(), doubles->problem.k_plus());
      EXPECT_EQ(floats->problem.k_minus(), doubles->problem.k_minus());
      ExpectSameBits(floats->problem.weights(), doubles->problem.weights());
      for (const Algorithm algorithm :
           {Algorithm::kLouvain, Algorithm::kLeiden, Algorithm::kIterated}) {
        const auto runs = [&](const UnitsProblem& of) {
          return PartitionRuns(of.problem,
                               algorithm,
                               4,
                               1,
                               RandomPurpose::kOptimiserRun,
                               0,
                               Execution())
              .value();
        };
        const std::vector<PartitionRun> of_floats = runs(*floats);
        const std::vector<PartitionRun> of_doubles = runs(*doubles);
        for (std::size_t run = 0; run < 4; ++run) {
          EXPECT_EQ(of_floats[run].labels, of_doubles[run].labels);
          EXPECT_EQ(of_floats[run].quality, of_doubles[run].quality);
        }
      }
    }
  }
}

// A column alone makes a unit active, in a directed matrix.
TEST(StoredDoubles, AUnitWithAColumnAloneIsActive) {
  Matrix weights = Matrix::Zero(5, 5);
  weights(0, 3) = 2;
  weights(1, 0) = 1;
  QualityOptions options;
  options.directed = true;
  const auto made = MakeStoredProblem(
      StoredWeightsOf(weights), options, {}, nullptr, Execution());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->units, (std::vector<int64_t>{0, 1, 3}));
}

TEST(StoredFloats, LeavesSilentUnitsOutOfWhatIsKnownToBeSymmetric) {
  OracleCase oracle = RandomOracleCase(QualityFunction::kNegativeAsym, 9, 1);
  oracle.weights.row(4).setZero();
  oracle.weights.col(4).setZero();
  StoredWeights<float> weights = FloatsOf(oracle.weights);
  weights.checked = weights.symmetric = true;
  const auto made = MakeStoredProblem(
      std::move(weights), QualityOptions(), {}, nullptr, Execution());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->units, (std::vector<int64_t>{0, 1, 2, 3, 5, 6, 7, 8}));
  EXPECT_NEAR(made->problem.Quality(RestrictLabels(oracle.labels, made->units)),
              *Quality(oracle.weights, oracle.labels, QualityOptions()),
              1e-7);
}

TEST(StoredFloats, RefuseCustom) {
  QualityOptions options;
  options.function = QualityFunction::kCustom;
  const Matrix null = Matrix::Zero(3, 3);
  EXPECT_EQ(FieldOf(MakeStoredProblem(
                        FloatsOf(Matrix::Ones(3, 3)), options, {}, &null, {})
                        .status()),
            "quality");
}

TEST(StoredFloats, PartitionsAsDoublesDoAtAnyThreads) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 200, 6);
  PartitionOptions options;
  options.quality = FloatOptions(QualityFunction::kNegativeAsym, false);
  options.runs = 3;
  options.consensus = ConsensusMethod::kNone;
  Execution four;
  four.threads = 4;
  const auto one =
      Partition(FloatsOf(oracle.weights), {}, options, Execution());
  const auto more = Partition(FloatsOf(oracle.weights), {}, options, four);
  ASSERT_TRUE(one.ok() && more.ok());
  EXPECT_EQ(one->run_labels, more->run_labels);
  EXPECT_EQ(one->run_quality, more->run_quality);
  // The quality reported is that of the labels.
  EXPECT_NEAR(one->quality,
              *Quality(oracle.weights, one->labels, options.quality),
              1e-7);
}

// What is known of the values spares passes, and changes no bit.
TEST(StoredDoubles, KnownToBeSymmetricGiveTheSameBits) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 150, 8);
  const QualityOptions options;
  const auto unknown = MakeStoredProblem(
      StoredWeightsOf(oracle.weights), options, {}, nullptr, {});
  StoredWeights<double> weights = StoredWeightsOf(oracle.weights);
  weights.checked = weights.symmetric = true;
  const auto known =
      MakeStoredProblem(std::move(weights), options, {}, nullptr, {});
  ASSERT_TRUE(unknown.ok() && known.ok());
  EXPECT_EQ(known->problem.Quality(oracle.labels),
            unknown->problem.Quality(oracle.labels));
  EXPECT_EQ(known->problem.k_plus(), unknown->problem.k_plus());
}

// Sums of squares of such strengths leave the range of double.
TEST(StoredDoubles, OfAnySizeHaveTheSameQuality) {
  const OracleCase oracle =
      RandomOracleCase(QualityFunction::kNegativeAsym, 40, 8);
  for (const QualityFunction function :
       {QualityFunction::kNegativeAsym, QualityFunction::kNegativeSym}) {
    QualityOptions options;
    options.function = function;
    const double quality = *Quality(oracle.weights, oracle.labels, options);
    for (const int exponent : {-1040, -700, -200, 200, 700, 1020}) {
      EXPECT_NEAR(*Quality(std::ldexp(1.0, exponent / 2) *
                               (std::ldexp(1.0, exponent - exponent / 2) *
                                oracle.weights),
                           oracle.labels,
                           options),
                  quality,
                  exponent < -1000 ? 1e-7 : 1e-14)
          << exponent;
    }
  }
}

TEST(StoredFloats, NameTheFirstValueThatIsNotFinite) {
  Matrix weights = Matrix::Ones(40, 40);
  weights(3, 2) = weights(2, 3) = std::nan("");
  const absl::Status status =
      MakeStoredProblem(FloatsOf(weights), QualityOptions(), {}, nullptr, {})
          .status();
  EXPECT_EQ(ReasonOf(status), reason::kNotFinite);
  EXPECT_NE(status.message().find("row-major index 83"), std::string::npos)
      << status;
}

TEST(StoredFloats, RefusesWhatTheDoubleOneRefuses) {
  const Matrix zero = Matrix::Zero(3, 3);
  const auto refused = [](const Matrix& weights, QualityFunction function) {
    return ReasonOf(MakeStoredProblem(FloatsOf(weights),
                                      FloatOptions(function, false),
                                      {{}, false},
                                      nullptr,
                                      {})
                        .status());
  };
  Matrix bad = zero;
  bad(1, 2) = std::nan("");
  EXPECT_EQ(refused(bad, QualityFunction::kNegativeSym), reason::kNotFinite);
  bad(1, 2) = bad(2, 1) = -0.5;
  EXPECT_EQ(refused(bad, QualityFunction::kModularity),
            reason::kNegativeWeight);
  EXPECT_EQ(refused(bad, QualityFunction::kPotts), reason::kNotBinary);
  EXPECT_EQ(refused(zero, QualityFunction::kNegativeSym), reason::kDegenerate);
  EXPECT_EQ(refused(Matrix::Ones(1, 1), QualityFunction::kNegativeSym),
            reason::kDegenerate);
}

}  // namespace
}  // namespace modbound
