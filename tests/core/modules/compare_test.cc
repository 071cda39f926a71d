#include "core/modules/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/random.h"
#include "core/modules/expected_information.h"
#include "core/modules/labels.h"
#include "gtest/gtest.h"
#include "support/golden.h"

namespace modbound {
namespace {

TEST(ComparePartitions, AgreesWithGoldenStatistics) {
  const Matrix partitions =
      LoadGolden("partition_stats", "partitions").ToMatrix();
  const std::pair<const char*, double PartitionComparison::*> measures[] = {
      {"rand", &PartitionComparison::rand},
      {"ari", &PartitionComparison::ari},
      {"nmi", &PartitionComparison::nmi},
      {"mi", &PartitionComparison::mi},
      {"vi", &PartitionComparison::vi},
      {"vin", &PartitionComparison::vin},
      {"zrand", &PartitionComparison::zrand}};
  for (const auto& [name, member] : measures) {
    Matrix actual(partitions.rows(), partitions.rows());
    for (Eigen::Index i = 0; i < partitions.rows(); ++i) {
      for (Eigen::Index j = 0; j < partitions.rows(); ++j) {
        const Labels a(partitions.row(i).begin(), partitions.row(i).end());
        const Labels b(partitions.row(j).begin(), partitions.row(j).end());
        actual(i, j) = ComparePartitions(a, b).*member;
      }
    }
    ExpectClose(actual,
                LoadGolden("partition_stats", name).ToMatrix(),
                1e-10,
                1e-12,
                name);
  }
}

TEST(ComparePartitions, HandWorked) {
  // Pairs of 4 units: 6. a joins 01 and 23, b joins 01: together in both 1,
  // apart in both 4. M1 = 2, M2 = 1: ARI = (1 - 1/3) / (3/2 - 1/3) = 4/7.
  const PartitionComparison result =
      ComparePartitions({0, 0, 1, 1}, {5, 5, 2, 8});
  EXPECT_DOUBLE_EQ(result.rand, 5.0 / 6);
  EXPECT_DOUBLE_EQ(result.ari, 4.0 / 7);
  // b splits a module of a: I = H(a) = ln 2, H(b) = 3/2 ln 2.
  EXPECT_DOUBLE_EQ(result.mi, std::log(2.0));
  EXPECT_DOUBLE_EQ(result.nmi, 1 / 1.25);
  EXPECT_DOUBLE_EQ(result.vi, 0.5 * std::log(2.0));
  EXPECT_DOUBLE_EQ(result.vin, 0.25);
}

// Calls visit for every order of the labels.
void ForEachPermutation(Labels labels,
                        const std::function<void(const Labels&)>& visit) {
  std::sort(labels.begin(), labels.end());
  do {
    visit(labels);
  } while (std::next_permutation(labels.begin(), labels.end()));
}

TEST(ComparePartitions, ZRandAndAmiUseTheMeanOverAllPermutations) {
  // Distinct orders of a multiset are equally frequent among permutations.
  const Labels a = {0, 0, 0, 1, 1, 2, 2, 2};
  const Labels b = {0, 1, 0, 1, 1, 1, 0, 2};
  double pairs_sum = 0;
  double pairs_square = 0;
  double mi_sum = 0;
  double count = 0;
  auto pairs_in_both = [&](const Labels& c) {
    double pairs = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        pairs += a[i] == a[j] && c[i] == c[j] ? 1 : 0;
      }
    }
    return pairs;
  };
  ForEachPermutation(b, [&](const Labels& permuted) {
    const double pairs = pairs_in_both(permuted);
    pairs_sum += pairs;
    pairs_square += pairs * pairs;
    mi_sum += ComparePartitions(a, permuted).mi;
    count += 1;
  });
  EXPECT_EQ(count, 280);  // 8! / (3! 4! 1!)
  const double mean = pairs_sum / count;
  const double sd = std::sqrt(pairs_square / count - mean * mean);
  const PartitionComparison result = ComparePartitions(a, b);
  EXPECT_NEAR(result.zrand, (pairs_in_both(b) - mean) / sd, 1e-12);
  const double expected = mi_sum / count;
  EXPECT_NEAR(
      ExpectedMutualInformation({3, 2, 3}, {3, 4, 1}, 8, LogFactorials(10)),
      expected,
      1e-14);
  const double entropies = 2 * result.mi / result.nmi;
  EXPECT_NEAR(
      result.ami, (result.mi - expected) / (entropies / 2 - expected), 1e-13);
}

TEST(ExpectedMutualInformation, StaysAccurateForManyUnits) {
  // Against singletons every partition has I = H: 4 modules of 2,500 units.
  const std::vector<int64_t> modules(4, 2500);
  const std::vector<int64_t> singletons(10000, 1);
  const std::vector<long double> log_factorial = LogFactorials(10000);
  EXPECT_NEAR(
      ExpectedMutualInformation(modules, singletons, 10000, log_factorial),
      std::log(4.0),
      1e-10);
  EXPECT_NEAR(ExpectedMutualInformation(modules, {10000}, 10000, log_factorial),
              0,
              1e-10);
}

TEST(ComparePartitions, EqualPartitionsAgreeFully) {
  const Labels a = {0, 0, 1, 2, 2, 2, 1};
  const Labels renumbered = {9, 9, 4, 0, 0, 0, 4};
  const PartitionComparison result = ComparePartitions(a, renumbered);
  EXPECT_EQ(result.rand, 1);
  EXPECT_EQ(result.ari, 1);
  EXPECT_NEAR(result.nmi, 1, 1e-15);
  EXPECT_NEAR(result.ami, 1, 1e-14);
  EXPECT_EQ(result.vi, 0);
}

TEST(ComparePartitions, IsSymmetric) {
  RandomStream random(2, RandomPurpose::kControlUnits, 0);
  Labels a;
  Labels b;
  for (int i = 0; i < 50; ++i) {
    a.push_back(static_cast<int32_t>(random.Index(4)));
    b.push_back(static_cast<int32_t>(random.Index(6)));
  }
  const PartitionComparison ab = ComparePartitions(a, b);
  const PartitionComparison ba = ComparePartitions(b, a);
  EXPECT_DOUBLE_EQ(ab.ari, ba.ari);
  EXPECT_DOUBLE_EQ(ab.zrand, ba.zrand);
  EXPECT_NEAR(ab.ami, ba.ami, 1e-14);
  EXPECT_NEAR(ab.vi, ba.vi, 1e-14);
}

TEST(ComparePartitions, DegeneratePairsHaveDefinedValues) {
  const Labels one(5, 0);
  const Labels singletons = {0, 1, 2, 3, 4};
  for (const Labels& labels : {one, singletons, Labels{0}}) {
    const PartitionComparison result = ComparePartitions(labels, labels);
    EXPECT_EQ(result.rand, 1);
    EXPECT_EQ(result.ari, 1);
    EXPECT_EQ(result.nmi, 1);
    EXPECT_EQ(result.ami, 1);
    EXPECT_EQ(result.vi, 0);
    EXPECT_EQ(result.vin, 0);
    EXPECT_TRUE(std::isnan(result.zrand));
  }
  const PartitionComparison apart = ComparePartitions(one, singletons);
  EXPECT_EQ(apart.ari, 0);
  EXPECT_EQ(apart.nmi, 0);
  EXPECT_NEAR(apart.vin, 1, 1e-15);
  EXPECT_TRUE(std::isnan(apart.zrand));
}

TEST(ComparePartitions, WithoutACommonUnitThereIsNoLikeness) {
  const Labels none(4, -1);
  const std::pair<Labels, Labels> pairs[] = {{none, none},
                                             {none, {0, 0, 1, 1}},
                                             {{0, 1, -1, -1}, {-1, -1, 0, 1}},
                                             {{}, {}}};
  for (const auto& [a, b] : pairs) {
    const PartitionComparison result = ComparePartitions(a, b);
    EXPECT_EQ(result.units, 0);
    for (const double measure : {result.rand,
                                 result.ari,
                                 result.zrand,
                                 result.nmi,
                                 result.ami,
                                 result.mi,
                                 result.vi,
                                 result.vin}) {
      EXPECT_TRUE(std::isnan(measure));
    }
    EXPECT_TRUE(std::isnan(AdjustedRandIndex(a, b)));
  }
}

TEST(ComparePartitions, ZRandNeedsFourUnits) {
  // Neither is degenerate, but (n - 3) is in the denominator of the variance.
  const PartitionComparison three = ComparePartitions({0, 0, 1}, {0, 0, 1});
  EXPECT_EQ(three.ari, 1);
  EXPECT_TRUE(std::isnan(three.zrand));
  EXPECT_TRUE(
      std::isfinite(ComparePartitions({0, 0, 1, 1}, {0, 0, 1, 1}).zrand));
}

TEST(PartitionComparer, IsComparePartitionsOfEachPair) {
  RandomStream random(9, RandomPurpose::kControlUnits, 0);
  std::vector<Labels> partitions(6, Labels(40));
  for (Labels& labels : partitions) {
    for (int32_t& label : labels) {
      label = static_cast<int32_t>(random.Index(6)) - 1;
    }
  }
  // Module 4 of one partition lies in the units that another leaves out.
  for (std::size_t i = 0; i < 40; ++i) {
    if (partitions[1][i] == 4) {
      partitions[2][i] = -1;
    }
  }
  const PartitionComparer comparer(partitions);
  for (std::size_t a = 0; a < partitions.size(); ++a) {
    for (std::size_t b = 0; b < partitions.size(); ++b) {
      // Only the units of both, in partitions that know of no others.
      Labels kept_a;
      Labels kept_b;
      for (std::size_t i = 0; i < 40; ++i) {
        if (partitions[a][i] >= 0 && partitions[b][i] >= 0) {
          kept_a.push_back(partitions[a][i]);
          kept_b.push_back(partitions[b][i]);
        }
      }
      const PartitionComparison kept = ComparePartitions(kept_a, kept_b);
      const PartitionComparison pair = comparer.Compare(a, b);
      EXPECT_EQ(pair.units, static_cast<int64_t>(kept_a.size()));
      EXPECT_EQ(pair.dropped, 40 - pair.units);
      EXPECT_EQ(pair.rand, kept.rand);
      EXPECT_EQ(pair.ari, kept.ari);
      EXPECT_EQ(pair.zrand, kept.zrand);
      EXPECT_EQ(pair.nmi, kept.nmi);
      EXPECT_EQ(pair.ami, kept.ami);
      EXPECT_EQ(pair.mi, kept.mi);
      EXPECT_EQ(pair.vi, kept.vi);
      EXPECT_EQ(pair.vin, kept.vin);
    }
  }
}

TEST(PartitionComparer, WithoutAmiLeavesItNaN) {
  const PartitionComparer comparer({{0, 0, 1, 1}, {0, 1, 1, 1}},
                                   {.ami = false});
  EXPECT_TRUE(std::isnan(comparer.Compare(0, 1).ami));
  EXPECT_TRUE(std::isfinite(comparer.Compare(0, 1).nmi));
}

TEST(ComparePartitions, DropsUnitsExcludedInEither) {
  const PartitionComparison result =
      ComparePartitions({0, 0, 1, 1, -1, 0}, {0, 0, 1, 1, 1, -1});
  EXPECT_EQ(result.units, 4);
  EXPECT_EQ(result.dropped, 2);
  EXPECT_EQ(result.ari, 1);
  EXPECT_EQ(AdjustedRandIndex({0, 0, 1, 1, -1, 0}, {0, 0, 1, 1, 1, -1}), 1);
}

TEST(Contingency, CountsOverlaps) {
  Matrix expected(2, 3);
  expected << 1, 1, 0, 0, 0, 2;
  EXPECT_EQ(Contingency({3, 3, 8, 8, -1}, {0, 1, 2, 2, 2}), expected);
}

TEST(MatchLabels, RenumbersToAgree) {
  const Labels a = {4, 4, 4, 7, 7, 2};
  const auto match = [&a](const Labels& b) {
    return *MatchLabels(a, b, Execution());
  };
  EXPECT_EQ(match({0, 0, 0, 1, 1, 2}), a);
  // One module more than a: it gets a number that a does not use.
  EXPECT_EQ(match({0, 0, 3, 1, 1, 2}), (Labels{4, 4, 0, 7, 7, 2}));
  EXPECT_EQ(match({0, 0, -1, 1, 1, 1}), (Labels{4, 4, -1, 7, 7, 7}));
}

}  // namespace
}  // namespace modbound
