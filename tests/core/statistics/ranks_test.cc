#include "core/statistics/ranks.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

// More than three blocks of the sort, and not a whole number of them.
constexpr int64_t kMany = 200'001;

// Values that are whole multiples of 1 / `distinct` in [-1/2, 1/2).
Vector Values(int64_t n, uint64_t distinct) {
  RandomStream random(11, RandomPurpose::kControlUnits, distinct);
  Vector values(n);
  for (double& value : values) {
    value = static_cast<double>(random.Index(distinct)) /
                static_cast<double>(distinct) -
            0.5;
  }
  return values;
}

// The rank of a value is the mean of the places that it takes when all are
// sorted.
Vector PlainRanks(const Vector& values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  Vector ranks(values.size());
  for (int64_t i = 0; i < values.size(); ++i) {
    const auto [first, end] =
        std::equal_range(sorted.begin(), sorted.end(), values[i]);
    ranks[i] = static_cast<double>((first - sorted.begin() + 1) +
                                   (end - sorted.begin())) /
               2;
  }
  return ranks;
}

TEST(AverageRanks, HandWorked) {
  Vector values(5);
  values << 3, 1, 3, 7, 1;
  Vector ranks(5);
  ranks << 3.5, 1.5, 3.5, 5, 1.5;
  EXPECT_EQ(*AverageRanks(values, Execution()), ranks);
  EXPECT_EQ(AverageRanks(Vector(), Execution())->size(), 0);
}

TEST(AverageRanks, AgreesWithAPlainSortAtAnySizeThreadCountAndNumberOfTies) {
  for (const int64_t n : {1, 7, 65'536, 65'537, 131'072, int{kMany}}) {
    for (const uint64_t distinct :
         {uint64_t{1}, uint64_t{2}, uint64_t{1000}, uint64_t{1} << 60}) {
      const Vector values = Values(n, distinct);
      const Vector expected = PlainRanks(values);
      for (const int threads : {1, 3}) {
        Execution execution;
        execution.threads = threads;
        const auto ranks = AverageRanks(values, execution);
        ASSERT_TRUE(ranks.ok()) << ranks.status();
        EXPECT_EQ(*ranks, expected) << n << " values, " << distinct
                                    << " distinct, " << threads << " threads";
      }
    }
  }
}

TEST(AverageRanks, CountsItsBlocksToTheEnd) {
  ProgressLog log;
  ASSERT_TRUE(AverageRanks(Values(kMany, 9), log.Watch(2)).ok());
  // Four blocks: sorted, merged to two runs, merged to one, ranked.
  EXPECT_THAT(log.Ends(), testing::ElementsAre("ranks: 16 of 16 blocks"));
}

TEST(AverageRanks, StopsInEveryPass) {
  const Vector values = Values(kMany, 9);
  for (const int64_t blocks : {0, 2, 6, 10, 14}) {
    StopFlag stop;
    Execution execution;
    execution.stop = &stop;
    execution.progress = [&](const ProgressUpdate& update) {
      if (update.done == blocks) {
        stop.Stop();
      }
    };
    EXPECT_EQ(AverageRanks(values, execution).status(), StoppedError())
        << blocks;
  }
}

}  // namespace
}  // namespace modbound
