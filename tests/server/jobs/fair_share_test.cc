#include "server/jobs/fair_share.h"

#include <gtest/gtest.h>

#include <chrono>

#include "server/jobs/usage_rows.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

using std::chrono::seconds;

TEST(FairShare, ForgetsHalfAfterEveryHalfLife) {
  FairShare share(100);
  const SteadyTime now = std::chrono::steady_clock::now();
  share.Load("ada", 80, now);
  EXPECT_DOUBLE_EQ(share.Usage("ada", now), 80);
  EXPECT_DOUBLE_EQ(share.Usage("ada", now + seconds(100)), 40);
  EXPECT_DOUBLE_EQ(share.Usage("ada", now + seconds(300)), 10);
  EXPECT_DOUBLE_EQ(share.Usage("grace", now), 0);
  // A clock that was set back gives nothing back.
  EXPECT_DOUBLE_EQ(FairShare::Decayed(80, -50, 100), 80);
}

TEST(FairShare, CountsCoresWhileTheyRun) {
  FairShare share(1e9);
  const SteadyTime now = std::chrono::steady_clock::now();
  share.Begin("ada", 3, now);
  // A second in advance: who starts together takes turns.
  EXPECT_NEAR(share.Usage("ada", now), 3, 1e-6);
  EXPECT_NEAR(share.Usage("ada", now + seconds(10)), 33, 1e-6);
  share.Begin("ada", 1, now + seconds(10));
  EXPECT_EQ(share.running("ada"), 2);
  EXPECT_NEAR(share.Usage("ada", now + seconds(20)), 63 + 11, 1e-6);
  share.End("ada", 3, now, now + seconds(20));
  share.End("ada", 1, now + seconds(10), now + seconds(30));
  EXPECT_EQ(share.running("ada"), 0);
  EXPECT_NEAR(share.Usage("ada", now + seconds(30)), 60 + 20, 1e-3);
}

TEST(FairShare, BoundsTheLeadOverWhoUsedMuchBefore) {
  FairShare share(1e9);
  const SteadyTime now = std::chrono::steady_clock::now();
  share.Load("ada", 1000, now);
  share.Load("bob", 950, now);
  share.BoundLead({"ada", "bob", "grace"}, 100, now);
  EXPECT_DOUBLE_EQ(share.Usage("ada", now), 1000);
  EXPECT_DOUBLE_EQ(share.Usage("bob", now), 950);
  EXPECT_DOUBLE_EQ(share.Usage("grace", now), 900);
  // Of those who wait alone.
  share.BoundLead({"grace", "newton"}, 1000, now);
  EXPECT_DOUBLE_EQ(share.Usage("newton", now), 0);
}

TEST(UsageRows, KeepWhatOwnersUsed) {
  const TemporaryFolder folder;
  auto database = Database::Open(folder.path());
  ASSERT_TRUE(database.ok()) << database.status();
  constexpr int64_t kSecond = 1000000;
  ASSERT_TRUE((*database)
                  ->WriteAndWait([](Connection& connection) -> absl::Status {
                    for (const int64_t at : {int64_t{0}, 100 * kSecond}) {
                      const absl::Status added =
                          AddUsage(connection, "ada", 40, 100, at);
                      if (!added.ok()) {
                        return added;
                      }
                    }
                    return AddUsage(connection, "grace", 1, 100, 0);
                  })
                  .ok());
  std::map<std::string, double> usage;
  ASSERT_TRUE((*database)
                  ->Read([&](Connection& connection) -> absl::Status {
                    auto loaded = LoadUsage(connection, 100, 200 * kSecond);
                    if (loaded.ok()) {
                      usage = *loaded;
                    }
                    return loaded.status();
                  })
                  .ok());
  // 40 halved to 20, 40 more, halved again.
  EXPECT_DOUBLE_EQ(usage.at("ada"), 30);
  EXPECT_DOUBLE_EQ(usage.at("grace"), 0.25);
}

}  // namespace
}  // namespace modbound
