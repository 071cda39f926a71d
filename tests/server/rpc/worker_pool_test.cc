#include "server/rpc/worker_pool.h"

#include <atomic>
#include <future>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(WorkerPool, RunsEveryTaskBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(3);
    for (int i = 0; i < 1000; ++i) {
      pool.Run([&ran] { ++ran; });
    }
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(WorkerPool, RunsTasksOfTasks) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(1);
    pool.Run([&] { pool.Run([&ran] { ++ran; }); });
  }
  EXPECT_EQ(ran.load(), 1);
}

// Two tasks that wait for each other end only on two threads.
TEST(WorkerPool, RunsTasksAtTheSameTime) {
  WorkerPool pool(2);
  std::promise<void> first;
  std::promise<void> second;
  std::promise<void> met;
  pool.Run([&] {
    first.set_value();
    second.get_future().wait();
    met.set_value();
  });
  pool.Run([&] {
    first.get_future().wait();
    second.set_value();
  });
  met.get_future().wait();
}

// Keeps the one thread of a pool until released.
class HeldPool {
 public:
  explicit HeldPool(const WorkerPool::Limits& limits) : pool(1, limits) {
    pool.Run([this] {
      entered_.set_value();
      released_.get_future().wait();
    });
    entered_.get_future().wait();
  }
  void Release() { released_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> released_;

 public:
  WorkerPool pool;
};

TEST(WorkerPool, RefusesMoreTasksThanMayWait) {
  int ran = 0;
  {
    HeldPool held({.tasks = 2, .bytes = 100});
    EXPECT_TRUE(held.pool.TryRun(0, [&ran] { ++ran; }));
    EXPECT_TRUE(held.pool.TryRun(0, [&ran] { ++ran; }));
    EXPECT_FALSE(held.pool.TryRun(0, [&ran] { ran += 100; }));
    // What others bound is always taken.
    held.pool.Run([&ran] { ++ran; });
    held.Release();
  }
  EXPECT_EQ(ran, 3);
}

TEST(WorkerPool, RefusesMoreBytesThanMayWaitUntilThereIsRoom) {
  HeldPool held({.tasks = 100, .bytes = 100});
  std::promise<void> first;
  EXPECT_TRUE(held.pool.TryRun(60, [&first] { first.set_value(); }));
  EXPECT_FALSE(held.pool.TryRun(41, [] {}));
  std::promise<void> second;
  EXPECT_TRUE(held.pool.TryRun(40, [&second] { second.set_value(); }));
  EXPECT_FALSE(held.pool.TryRun(1, [] {}));
  held.Release();
  first.get_future().wait();
  second.get_future().wait();
  std::promise<void> third;
  EXPECT_TRUE(held.pool.TryRun(100, [&third] { third.set_value(); }));
  third.get_future().wait();
}

}  // namespace
}  // namespace modbound
