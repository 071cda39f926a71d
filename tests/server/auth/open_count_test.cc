#include "server/auth/open_count.h"

#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(OpenCount, GivesAsManyPlacesAsTheLimit) {
  OpenCount count(2);
  auto one = count.Open("alice");
  const auto two = count.Open("alice");
  EXPECT_NE(one, nullptr);
  EXPECT_NE(two, nullptr);
  EXPECT_EQ(count.Open("alice"), nullptr);
  EXPECT_NE(count.Open("bob"), nullptr);
  one.reset();
  EXPECT_NE(count.Open("alice"), nullptr);
}

TEST(OpenCount, ACopyHoldsThePlace) {
  OpenCount count(1);
  auto one = count.Open("alice");
  const auto copy = one;
  one.reset();
  EXPECT_EQ(count.Open("alice"), nullptr);
}

TEST(OpenCount, IsNeverExceededByAHundredAtOnce) {
  OpenCount count(10);
  Mutex mutex;
  std::vector<OpenCount::Place> places;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      if (auto place = count.Open("alice")) {
        const MutexLock lock(mutex);
        places.push_back(std::move(place));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(places.size(), 10U);
}

TEST(OpenCount, APlaceMayOutliveIt) {
  OpenCount::Place place;
  {
    OpenCount count(1);
    place = count.Open("alice");
  }
  place.reset();
}

}  // namespace
}  // namespace modbound
