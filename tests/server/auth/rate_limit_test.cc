#include "server/auth/rate_limit.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RateLimitTest : public testing::Test {
 protected:
  int TakeAll(const std::string& name, RateLimit::Time at) {
    int taken = 0;
    while (limit_.Take(name, at)) {
      ++taken;
    }
    return taken;
  }
  const RateLimit::Time start_{seconds(1000)};
  RateLimit limit_{10, 20};
};

TEST_F(RateLimitTest, GivesTheBurstAndNotOneMore) {
  EXPECT_EQ(TakeAll("alice", start_), 20);
}

TEST_F(RateLimitTest, FillsWithTime) {
  TakeAll("alice", start_);
  EXPECT_EQ(TakeAll("alice", start_ + milliseconds(99)), 0);
  EXPECT_EQ(TakeAll("alice", start_ + milliseconds(100)), 1);
  EXPECT_EQ(TakeAll("alice", start_ + milliseconds(1100)), 10);
  EXPECT_EQ(TakeAll("alice", start_ + seconds(100)), 20);
}

TEST_F(RateLimitTest, NamesDoNotShare) {
  TakeAll("alice", start_);
  EXPECT_EQ(TakeAll("bob", start_), 20);
}

TEST_F(RateLimitTest, AnEarlierTimeGivesNothing) {
  TakeAll("alice", start_);
  EXPECT_EQ(TakeAll("alice", start_ - seconds(50)), 0);
  EXPECT_EQ(TakeAll("alice", start_), 0);
}

TEST_F(RateLimitTest, IsExactFromManyThreads) {
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        taken += limit_.Take("alice", start_) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(taken, 20);
}

TEST_F(RateLimitTest, ForgetsNamesThatRest) {
  for (int i = 0; i < 30000; ++i) {
    limit_.Take(std::to_string(i), start_ + milliseconds(i));
  }
  EXPECT_LE(limit_.num_names(), 10000U);
}

TEST_F(RateLimitTest, RefusesNewNamesWhenNoneRests) {
  for (int i = 0; i < 10000; ++i) {
    EXPECT_TRUE(limit_.Take(std::to_string(i), start_));
  }
  EXPECT_FALSE(limit_.Take("new", start_));
  EXPECT_TRUE(limit_.Take("0", start_));
  EXPECT_TRUE(limit_.Take("new", start_ + seconds(10)));
}

}  // namespace
}  // namespace modbound
