#include "server/jobs/job_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace modbound {
namespace {

constexpr int64_t kNow = 1'790'000'000'000'000;  // in 2026

TEST(JobId, IsLowerCaseAndOfOneLength) {
  JobIdMaker maker("");
  const std::string id = maker.NewId(kNow);
  EXPECT_EQ(id.size(), 18u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"),
            std::string::npos);
}

TEST(JobId, TextOrderIsOrderOfTime) {
  JobIdMaker maker("");
  std::string last;
  for (const int64_t later :
       {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{1} << 40}) {
    const std::string id = maker.NewId(kNow + later);
    EXPECT_LT(last, id);
    last = id;
  }
}

TEST(JobId, GrowsWhenTheClockStandsOrGoesBack) {
  JobIdMaker maker("");
  std::string last;
  for (const int64_t now : {kNow, kNow, kNow - 1000000, kNow}) {
    const std::string id = maker.NewId(now);
    EXPECT_LT(last, id);
    last = id;
  }
}

TEST(JobId, GoesOnAfterTheLastOneOfAnEarlierServer) {
  JobIdMaker earlier("");
  const std::string last = earlier.NewId(kNow);
  JobIdMaker maker(last);
  EXPECT_LT(last, maker.NewId(kNow - 3600'000'000));
}

TEST(JobId, IsUniqueAmongThreads) {
  JobIdMaker maker("");
  Mutex mutex;
  std::set<std::string> ids;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const std::string id = maker.NewId(kNow);
        const MutexLock lock(mutex);
        ids.insert(id);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(ids.size(), 4000u);
}

TEST(AttemptToken, Has128BitsAndNeverRepeats) {
  const std::string token = NewAttemptToken();
  EXPECT_EQ(token.size(), 32u);
  EXPECT_NE(token, NewAttemptToken());
}

}  // namespace
}  // namespace modbound
