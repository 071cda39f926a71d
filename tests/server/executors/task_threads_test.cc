#include "server/executors/task_threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace modbound {
namespace {

TEST(TaskThreads, RunsEveryTaskAtOnce) {
  // Each waits for all the others.
  constexpr int kTasks = 40;
  TaskThreads threads;
  std::atomic<int> begun = 0;
  std::promise<void> all;
  for (int i = 0; i < kTasks; ++i) {
    ASSERT_TRUE(threads.Start([&] {
      if (++begun == kTasks) {
        all.set_value();
      }
      while (begun < kTasks) {
        std::this_thread::yield();
      }
    }));
  }
  all.get_future().wait();
}

TEST(TaskThreads, StartsTasksFromTasks) {
  std::atomic<int> run = 0;
  {
    TaskThreads threads;
    std::function<void(int)> start = [&](int left) {
      ASSERT_TRUE(threads.Start([&, left] {
        ++run;
        if (left > 0) {
          start(left - 1);
        }
      }));
    };
    start(200);
    while (run <= 200) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(run, 201);
}

TEST(TaskThreads, KeepsAFewThreads) {
  TaskThreads threads;
  std::set<pid_t> ids;
  for (int i = 0; i < 100; ++i) {
    std::promise<pid_t> done;
    ASSERT_TRUE(threads.Start([&] { done.set_value(::gettid()); }));
    ids.insert(done.get_future().get());
    // Its thread is idle soon after.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LT(ids.size(), 50U);
}

TEST(TaskThreads, KeepNothingOfATask) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  TaskThreads threads;
  ASSERT_TRUE(threads.Start([held = std::move(held)] {}));
  while (!seen.expired()) {
    std::this_thread::yield();
  }
}

TEST(TaskThreads, GiveWayToOtherThreads) {
  TaskThreads threads;
  std::promise<int> niceness;
  ASSERT_TRUE(threads.Start([&] {
    niceness.set_value(
        ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())));
  }));
  EXPECT_GT(niceness.get_future().get(), ::getpriority(PRIO_PROCESS, 0));
}

}  // namespace
}  // namespace modbound
