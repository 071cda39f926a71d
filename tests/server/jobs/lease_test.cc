#include "server/jobs/lease.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/support/fault_row.h"

namespace modbound {
namespace {

TEST(Leases, GivesWhatIsWantedOrWhatIsFree) {
  Leases leases(4, 1000);
  const auto three = leases.Take(3, 0);
  const auto one = leases.Take(8, 0);
  ASSERT_TRUE(three.has_value() && one.has_value());
  EXPECT_EQ(three->cores, 3);
  EXPECT_EQ(one->cores, 1);
  EXPECT_FALSE(leases.Take(1, 0).has_value());
  leases.Return(*three);
  EXPECT_EQ(leases.Take(1, 0)->cores, 1);
}

TEST(Leases, KeepsMemoryWithinItsLimit) {
  Leases leases(4, 1000);
  const auto most = leases.Take(1, 700);
  ASSERT_TRUE(most.has_value());
  EXPECT_FALSE(leases.Take(1, 301).has_value());
  EXPECT_TRUE(leases.Take(1, 300).has_value());
  leases.Return(*most);
  EXPECT_TRUE(leases.Take(1, 700).has_value());
}

TEST(Leases, LetsAJobBeyondTheLimitRunAlone) {
  Leases leases(4, 1000);
  const auto small = leases.Take(1, 1);
  EXPECT_FALSE(leases.Take(1, 5000).has_value());
  leases.Return(*small);
  EXPECT_TRUE(leases.Take(1, 5000).has_value());
  EXPECT_FALSE(leases.Take(1, 1).has_value());
}

TEST(Leases, NeverPassesItsLimitsInRandomUse) {
  std::mt19937 random(7);
  constexpr int kCores = 5;
  constexpr int64_t kMemory = 100;
  Leases leases(kCores, kMemory);
  std::vector<Lease> held;
  for (int step = 0; step < 100000; ++step) {
    if (random() % 2 == 0) {
      const int cores = static_cast<int>(1 + random() % 8);
      const auto bytes = static_cast<int64_t>(random() % (kMemory + 1));
      if (const auto lease = leases.Take(cores, bytes)) {
        held.push_back(*lease);
      }
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      leases.Return(held.back());
      held.pop_back();
    }
    int cores = 0;
    int64_t bytes = 0;
    for (const Lease& lease : held) {
      EXPECT_GE(lease.cores, 1);
      cores += lease.cores;
      bytes += lease.memory_bytes;
    }
    ASSERT_LE(cores, kCores);
    ASSERT_LE(bytes, kMemory);
    ASSERT_EQ(leases.leased_cores(), cores);
  }
  FaultRow(22,
           "100,000 random takes and returns: never beyond cores or memory");
}

}  // namespace
}  // namespace modbound
