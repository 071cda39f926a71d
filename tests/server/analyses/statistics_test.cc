#include <cmath>
#include <cstring>
#include <limits>

#include "core/statistics/sample_test.h"
#include "core/statistics/t_test.h"
#include "server/analyses/network_cases.h"
#include "server/arrays/facts.h"
#include "support/memory_checkpoint.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;

v1::Spec StatisticsSpecOf(
    v1::SampleTest::Name test = v1::SampleTest::UNSPECIFIED) {
  v1::Spec spec;
  v1::StatisticsSpec& statistics = *spec.mutable_statistics();
  if (test != v1::SampleTest::UNSPECIFIED) {
    statistics.set_test(test);
  }
  return spec;
}

HostArray ArrayOf(const std::vector<double>& values,
                  std::vector<int64_t> shape = {}) {
  if (shape.empty()) {
    shape = {static_cast<int64_t>(values.size())};
  }
  return HostArray::FromDoubles(values, shape, {});
}

// Three columns of five and of four values, one of them missing.
InputArrays ThreeColumns() {
  return {{"samples",
           ArrayOf({1, 2, 3, 2, 2.5, 9, 4, 1, std::nan(""), 1, 0, 7, 3, 3, 8},
                   {5, 3})},
          {"other", ArrayOf({0, 5, 3, 1, 6, 2, 0.5, 4, 1, 2, 4.5, 2}, {4, 3})}};
}

Vector ColumnOfMatrix(const HostArray& array, int64_t column) {
  return array.ToMatrix().col(column);
}

TEST(Statistics, OfGoldenSamplesIsGolden) {
  const Matrix student = LoadGolden("stats", "student").ToMatrix();
  const Matrix one_sample = LoadGolden("stats", "one_sample").ToMatrix();
  for (int k = 0; k < 6; ++k) {
    const std::string number = std::to_string(k);
    InputArrays inputs = {{"samples", GoldenHostArray("stats", "a" + number)}};
    // Without a second sample the test is of one.
    const auto alone = RunWithThreads(StatisticsSpecOf(), inputs);
    ASSERT_TRUE(alone.ok()) << alone.status();
    EXPECT_EQ(alone->summary.statistics().test(), v1::SampleTest::ONE_SAMPLE);
    EXPECT_NEAR(alone->summary.statistics().t() / one_sample(k, 0), 1, 1e-8);
    EXPECT_FALSE(alone->summary.statistics().has_other());
    inputs["other"] = GoldenHostArray("stats", "b" + number);
    const auto both = RunWithThreads(StatisticsSpecOf(), inputs);
    ASSERT_TRUE(both.ok()) << both.status();
    const v1::StatisticsSummary& summary = both->summary.statistics();
    EXPECT_EQ(summary.test(), v1::SampleTest::STUDENT);
    EXPECT_NEAR(summary.t() / student(k, 0), 1, 1e-8);
    EXPECT_EQ(summary.df(), student(k, 1));
    EXPECT_NEAR(both->outputs.at("p").At(0), student(k, 2), 1e-8);
    EXPECT_EQ(both->outputs.at("p").shape(), std::vector<int64_t>{1});
    EXPECT_EQ(summary.p(), both->outputs.at("p").At(0));
  }
}

TEST(Statistics, TestsEachColumnByItself) {
  const InputArrays inputs = ThreeColumns();
  const auto all =
      RunWithThreads(StatisticsSpecOf(v1::SampleTest::WELCH), inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  for (int64_t column = 0; column < 3; ++column) {
    SampleTestOptions options;
    options.test = SampleTest::kWelch;
    const auto one = TestSamples(ColumnOfMatrix(inputs.at("samples"), column),
                                 ColumnOfMatrix(inputs.at("other"), column),
                                 options,
                                 Execution());
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(all->outputs.at("t").At(column), one->t);
    EXPECT_EQ(all->outputs.at("df").At(column), one->df);
    EXPECT_EQ(all->outputs.at("p").At(column), one->p);
    EXPECT_EQ(all->outputs.at("corrected_p").At(column), one->p);
    EXPECT_EQ(all->outputs.at("effect_size").At(column), one->effect_size);
    EXPECT_EQ(all->outputs.at("estimate").At(column), one->estimate);
    EXPECT_EQ(all->outputs.at("n").At(column), column == 2 ? 4 : 5);
    EXPECT_EQ(all->outputs.at("other_n").At(column), 4);
  }
  const v1::StatisticsSummary& summary = all->summary.statistics();
  EXPECT_EQ(summary.columns(), 3);
  EXPECT_EQ(summary.tested_columns(), 3);
  EXPECT_FALSE(summary.has_t() || summary.has_samples());
}

TEST(Statistics, OneColumnGoesWithEachOfTheOther) {
  InputArrays inputs = ThreeColumns();
  const Vector first = ColumnOfMatrix(inputs.at("samples"), 0);
  inputs["samples"] = HostArray::FromVector(first, {});
  const auto one = RunWithThreads(StatisticsSpecOf(), inputs);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->outputs.at("t").shape(), std::vector<int64_t>{3});
  std::swap(inputs["samples"], inputs["other"]);
  const auto swapped = RunWithThreads(StatisticsSpecOf(), inputs);
  ASSERT_TRUE(swapped.ok()) << swapped.status();
  for (int64_t column = 0; column < 3; ++column) {
    const auto expected =
        StudentTTest(first, ColumnOfMatrix(inputs.at("samples"), column));
    EXPECT_DOUBLE_EQ(one->outputs.at("t").At(column), expected->t);
    EXPECT_DOUBLE_EQ(swapped->outputs.at("t").At(column), -expected->t);
  }
}

TEST(Statistics, ColumnsKeepTheirShape) {
  // What an ensemble's role_r is: networks, roles, variables.
  std::vector<double> values(4 * 2 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(static_cast<double>(i)) + 0.5;
  }
  const auto outcome = RunWithThreads(
      StatisticsSpecOf(), {{"samples", ArrayOf(values, {4, 2, 3})}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->summary.has_ensemble());
  const HostArray& t = outcome->outputs.at("t");
  EXPECT_EQ(t.shape(), (std::vector<int64_t>{2, 3}));
  Vector sample(4);
  for (int64_t s = 0; s < 4; ++s) {
    sample(s) = values[static_cast<std::size_t>(s * 6 + 1 * 3 + 2)];
  }
  EXPECT_DOUBLE_EQ(t.At(5), OneSampleTTest(sample)->t);
}

TEST(Statistics, CorrectsForAllColumns) {
  // p of one degree of freedom, (2 / pi) atan(1 / t): .01, .04 and .03 of the
  // columns, whose values are t - 1 and t + 1. Holm: .03, .06, .06; Benjamini
  // and Hochberg: .03, .04, .04.
  std::vector<double> values;
  for (const double sign : {-1.0, 1.0}) {
    for (const double p : {0.01, 0.04, 0.03}) {
      values.push_back(1 / std::tan(p * M_PI / 2) + sign);
    }
  }
  const InputArrays inputs = {{"samples", ArrayOf(values, {2, 3})}};
  const auto corrected = [&](v1::Correction::Name correction) {
    v1::Spec spec = StatisticsSpecOf();
    spec.mutable_statistics()->set_correction(correction);
    const auto outcome = RunWithThreads(spec, inputs);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_NEAR(outcome->outputs.at("p").At(1), 0.04, 1e-12);
    return std::make_pair(outcome->outputs.at("corrected_p").ToVector(),
                          outcome->summary.statistics().significant_columns());
  };
  Vector expected(3);
  expected << 0.03, 0.06, 0.06;
  const auto holm = corrected(v1::Correction::HOLM);
  EXPECT_TRUE(holm.first.isApprox(expected, 1e-9)) << holm.first;
  EXPECT_EQ(holm.second, 1);
  expected << 0.03, 0.04, 0.04;
  const auto hochberg = corrected(v1::Correction::BENJAMINI_HOCHBERG);
  EXPECT_TRUE(hochberg.first.isApprox(expected, 1e-9)) << hochberg.first;
  EXPECT_EQ(hochberg.second, 3);
}

TEST(Statistics, ANetworkThatFailedIsLeftOut) {
  // per_network/num_modules of five networks, the third of which failed.
  const HostArray whole = HostArray::FromInts({3, 4, -1, 2, 5}, {5}, {});
  const auto outcome = RunWithThreads(StatisticsSpecOf(), {{"samples", whole}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.statistics().samples().n(), 4);
  EXPECT_DOUBLE_EQ(outcome->summary.statistics().samples().mean(), 3.5);
  // -1 is a number among numbers that need not be whole.
  EXPECT_EQ(RunWithThreads(StatisticsSpecOf(),
                           {{"samples", ArrayOf({3, 4, -1, 2, 5})}})
                ->summary.statistics()
                .samples()
                .n(),
            5);
}

TEST(Statistics, AColumnOfTooFewValuesHasNoTest) {
  const double nan = std::nan("");
  const auto outcome =
      RunWithThreads(StatisticsSpecOf(),
                     {{"samples", ArrayOf({1, nan, 2, 7, 4, nan}, {3, 2})}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(std::isnan(outcome->outputs.at("p").At(1)));
  EXPECT_EQ(outcome->outputs.at("estimate").At(1), 7);
  EXPECT_EQ(outcome->summary.statistics().tested_columns(), 1);
  EXPECT_EQ(
      RefusalOf(StatisticsSpecOf(), {{"samples", ArrayOf({1, nan, nan})}}),
      Refusal(reason::kDegenerate, "inputs.samples"));
}

TEST(Statistics, OutputsAreThoseOfThePlanAtAnyThreadCount) {
  for (const v1::SampleTest::Name test : {v1::SampleTest::STUDENT,
                                          v1::SampleTest::WELCH,
                                          v1::SampleTest::PERMUTATION}) {
    ExpectPlannedAndSameAtAnyThreadCount(StatisticsSpecOf(test),
                                         ThreeColumns());
  }
  InputArrays pairs = ThreeColumns();
  pairs["other"] = pairs.at("samples");
  for (const v1::SampleTest::Name test : {v1::SampleTest::PAIRED,
                                          v1::SampleTest::PEARSON,
                                          v1::SampleTest::SPEARMAN}) {
    ExpectPlannedAndSameAtAnyThreadCount(StatisticsSpecOf(test), pairs);
  }
}

TEST(Statistics, PermutationsGoWithTheSeed) {
  v1::Spec spec = StatisticsSpecOf(v1::SampleTest::PERMUTATION);
  spec.mutable_statistics()->set_permutations(99);
  const auto p = [&](uint64_t seed) {
    spec.mutable_statistics()->set_seed(seed);
    return RunWithThreads(spec, ThreeColumns())->outputs.at("p").ToDoubles();
  };
  EXPECT_EQ(p(1), p(1));
  EXPECT_NE(p(1), p(2));
}

TEST(Statistics, FinishedColumnsTakeThePlaceOfTheirPermutations) {
  v1::Spec spec = StatisticsSpecOf(v1::SampleTest::PERMUTATION);
  spec.mutable_statistics()->set_permutations(999);
  const auto run = [&](MemoryCheckpoint& checkpoint) {
    Execution execution;
    execution.checkpoint = &checkpoint;
    return RunJob(spec, ThreeColumns(), int64_t{1} << 30, execution);
  };
  MemoryCheckpoint first;
  const auto whole = run(first);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_GT(first.offers(), 0);
  const MemoryCheckpoint::States states = first.states();
  ASSERT_EQ(states.size(), 3u);
  for (const auto& [name, state] : states) {
    EXPECT_LT(state.size(), 100u) << name;
  }
  // Goes on from all three of them.
  MemoryCheckpoint second(states);
  const auto resumed = run(second);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(second.offers(), 0);
  for (const auto& [name, array] : whole->outputs) {
    const HostArray& other = resumed->outputs.at(name);
    ASSERT_EQ(other.size_bytes(), array.size_bytes());
    EXPECT_EQ(std::memcmp(other.data(),
                          array.data(),
                          static_cast<std::size_t>(array.size_bytes())),
              0)
        << name;
  }
  // Without room for them nothing is left behind.
  MemoryCheckpoint small({}, 8);
  ASSERT_TRUE(run(small).ok());
  EXPECT_TRUE(small.states().empty());
}

TEST(Statistics, RefusesWhatDoesNotGoTogether) {
  const InputArrays both = ThreeColumns();
  const InputArrays alone = {{"samples", both.at("samples")}};
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(v1::SampleTest::ONE_SAMPLE), both),
            Refusal(reason::kContradiction, "inputs.other"));
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(v1::SampleTest::WELCH), alone),
            Refusal(reason::kMissingField, "inputs.other"));
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(), {}),
            Refusal(reason::kMissingField, "inputs.samples"));
  v1::Spec spec = StatisticsSpecOf(v1::SampleTest::STUDENT);
  spec.mutable_statistics()->set_null_value(0);
  EXPECT_EQ(SubmitRefusalOf(spec, both),
            Refusal(reason::kContradiction, "spec.statistics.null_value"));
  spec = StatisticsSpecOf(v1::SampleTest::STUDENT);
  spec.mutable_statistics()->set_permutations(10);
  EXPECT_EQ(SubmitRefusalOf(spec, both),
            Refusal(reason::kContradiction, "spec.statistics.permutations"));
  // Five values and four.
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(v1::SampleTest::PAIRED), both),
            Refusal(reason::kWrongShape, "inputs.other"));
  InputArrays columns = both;
  columns["other"] = ArrayOf({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(), columns),
            Refusal(reason::kWrongShape, "inputs.other"));
  columns["other"] = ArrayOf({1, 2, 3}, {1, 1, 3});
  EXPECT_EQ(SubmitRefusalOf(StatisticsSpecOf(), columns),
            Refusal(reason::kWrongShape, "inputs.other"));
}

TEST(Statistics, RefusesValuesThatAreNoSamples) {
  EXPECT_EQ(
      RefusalOf(StatisticsSpecOf(),
                {{"samples",
                  ArrayOf({1, std::numeric_limits<double>::infinity(), 2})}}),
      Refusal(reason::kNotFinite, "inputs.samples"));
  EXPECT_EQ(RefusalOf(StatisticsSpecOf(),
                      {{"samples", HostArray::FromInts({1, -2, 3}, {3}, {})}}),
            Refusal(reason::kOutOfRange, "inputs.samples"));
}

// A test of each network: of samples that it has, such as trials.
TEST(Statistics, OfAnEnsembleHasFourAxes) {
  std::vector<double> values(2 * 5 * 1 * 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::cos(static_cast<double>(i));
  }
  const auto outcome = RunWithThreads(
      StatisticsSpecOf(), {{"samples", ArrayOf(values, {2, 5, 1, 2})}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->summary.ensemble().networks(), 2);
  EXPECT_EQ(outcome->outputs.at("t").shape(), (std::vector<int64_t>{2, 1, 2}));
  // Messages that no network has are not made by the means of nothing.
  EXPECT_FALSE(outcome->summary.statistics().has_samples());
  EXPECT_FALSE(outcome->summary.statistics().has_other());
}

}  // namespace
}  // namespace modbound
