#include "server/jobs/job_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;

class JobWatchTest : public QueueFixture {
 protected:
  JobWatchTest() : QueueFixture({1, int64_t{1} << 33}) {}

  std::unique_ptr<JobWatch> OpenWatch(const std::string& id,
                                      const std::string& token = "") {
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_resume_token(token);
    auto watch = queue_->Watch(kOwner, request, [] {});
    EXPECT_TRUE(watch.ok()) << watch.status();
    return *std::move(watch);
  }
  absl::Status WatchError(const std::string& id, const std::string& token) {
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_resume_token(token);
    return queue_->Watch(kOwner, request, [] {}).status();
  }
};

TEST_F(JobWatchTest, BeginsWithASnapshotThenEveryChangeToTheEnd) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  const std::string id = Enqueue(QualityJob());
  std::vector<v1::JobEvent> events;
  std::thread watcher([&] { events = Watch(id); });
  executor_->Succeed(running);
  executor_->Succeed(id);
  watcher.join();
  // The snapshot may come late, but then it holds what was before it.
  ASSERT_FALSE(events.empty());
  ASSERT_TRUE(events[0].has_snapshot());
  int64_t sequence = events[0].sequence();
  EXPECT_EQ(events[0].snapshot().id(), id);
  for (std::size_t i = 1; i < events.size(); ++i) {
    ASSERT_TRUE(events[i].has_state_change());
    EXPECT_EQ(events[i].sequence(), ++sequence);
    EXPECT_EQ(events[i].job_id(), id);
    EXPECT_TRUE(events[i].has_time());
  }
  EXPECT_EQ(sequence, 3);
}

TEST_F(JobWatchTest, OfAnEndedJobIsOneSnapshot) {
  const std::string id = Enqueue(QualityJob());
  executor_->Fail(id, Refuse("DEGENERATE", "", "nothing there"));
  Await(id);
  const auto events = Watch(id);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].snapshot().state(), v1::JobState::FAILED);
  EXPECT_EQ(events[0].sequence(), 3);
}

TEST_F(JobWatchTest, CarriesTheErrorOfTheEnd) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  const auto watch = OpenWatch(id);
  ASSERT_TRUE((*watch->Next())->has_snapshot());
  executor_->Fail(id, Refuse("DEGENERATE", "inputs.matrix", "nothing there"));
  Await(id);
  const auto event = watch->Next();
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_EQ((*event)->state_change().state(), v1::JobState::FAILED);
  EXPECT_EQ((*event)->state_change().attempt(), 1);
  ExpectRefused(FromRpcStatus((*event)->state_change().error()),
                "DEGENERATE",
                "inputs.matrix");
  EXPECT_TRUE(watch->done());
  EXPECT_FALSE((*watch->Next()).has_value());
}

TEST_F(JobWatchTest, ResumesAfterItsTokenAcrossARestart) {
  const auto ids = SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
  executor_->Await(ids[0]);
  const auto seen = Watch(ids[1], "", [](const v1::JobEvent&) { return true; });
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].sequence(), 1);
  executor_->Succeed(ids[0], {0});
  executor_->Succeed(ids[1]);
  Await(ids[1]);
  Close();
  Open(dir_.path());
  const auto rest = Watch(ids[1], seen[0].resume_token());
  std::vector<int> states;
  for (const v1::JobEvent& event : rest) {
    states.push_back(event.state_change().state());
  }
  EXPECT_THAT(states, ElementsAre(2, 3, 4));
  // After the last event nothing more comes.
  const auto end = OpenWatch(ids[1], rest.back().resume_token());
  EXPECT_TRUE(end->done());
}

TEST_F(JobWatchTest, RefusesTokensItNeverGave) {
  const std::string id = Enqueue(QualityJob());
  executor_->Succeed(id);
  Await(id);
  const std::string other = Enqueue(QualityJob());
  executor_->Succeed(other);
  Await(other);
  const std::string token = OpenWatch(other)->Next()->value().resume_token();
  for (const std::string& bad :
       std::vector<std::string>{token,
                                id + ".0",
                                id + ".-1",
                                id + ".99999999999999999999",
                                id + ".1x",
                                id,
                                "x"}) {
    ExpectRefused(WatchError(id, bad), "BAD_TOKEN", "resume_token");
  }
  EXPECT_EQ(ReasonOf(WatchError("jnosuchjob", "")), "JOB_NOT_FOUND");
}

// The watcher saw more than the log has: the server was restored from a backup.
TEST_F(JobWatchTest, BeginsAnewWhenTheLogIsBehindTheToken) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  const auto watch = OpenWatch(id, id + ".7");
  const auto event = watch->Next();
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_TRUE((*event)->has_snapshot());
  EXPECT_EQ((*event)->sequence(), 2);
  executor_->Succeed(id);
  Await(id);
  EXPECT_EQ((*watch->Next())->state_change().state(), v1::JobState::SUCCEEDED);
  EXPECT_TRUE(watch->done());
}

TEST_F(JobWatchTest, EndsWithAnErrorWhenTheJobIsDeleted) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  const auto watch = OpenWatch(id);
  ASSERT_TRUE((*watch->Next()).has_value());
  executor_->Succeed(id);
  Await(id);
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_EQ(ReasonOf(watch->Next().status()), "JOB_NOT_FOUND");
}

TEST_F(JobWatchTest, ShowsProgressOfTheRunningAttempt) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask task = executor_->Await(id);
  const auto watch = OpenWatch(id);
  ASSERT_TRUE((*watch->Next())->has_snapshot());
  EXPECT_FALSE((*watch->Next()).has_value());
  ProgressUpdate update;
  update.total = 10;
  for (int i = 1; i <= 5; ++i) {
    update.done = i;
    task.sink->Progress(update);
  }
  // Five updates, one event: the latest.
  const auto event = watch->Next();
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_EQ((*event)->progress().done(), 5);
  EXPECT_EQ((*event)->sequence(), 2) << "repeats the last change's";
  EXPECT_FALSE((*watch->Next()).has_value());
  EXPECT_EQ(Get(id).progress().done(), 5);
  EXPECT_EQ(queue_->ListJobs(kOwner, {})->jobs(0).progress().done(), 5);
  EXPECT_EQ(OpenWatch(id)->Next()->value().snapshot().progress().done(), 5);
  executor_->Succeed(id);
  Await(id);
  EXPECT_TRUE((*watch->Next())->has_state_change());
  EXPECT_EQ(Get(id).progress().fraction(), 1);
}

TEST_F(JobWatchTest, IsWokenByProgressThatCameTooSoon) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask task = executor_->Await(id);
  std::thread sender([&] {
    ProgressUpdate update;
    for (int i = 1; i <= 100; ++i) {
      update.done = i;
      task.sink->Progress(update);
    }
  });
  // The last of the burst arrives although nothing follows it.
  const auto events = Watch(id, "", [](const v1::JobEvent& event) {
    return event.progress().done() == 100 ||
           event.snapshot().progress().done() == 100;
  });
  sender.join();
  EXPECT_LT(events.size(), 60u);
  executor_->Succeed(id);
}

TEST_F(JobWatchTest, DroppedAtAnyTimeIsWokenNoMore) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask task = executor_->Await(id);
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    ProgressUpdate update;
    while (!stop) {
      ++update.done;
      task.sink->Progress(update);
      // Another job's changes wake too.
      (void)Cancel(id + "x");
    }
  });
  v1::WatchJobRequest request;
  request.set_id(id);
  for (int i = 0; i < 2000; ++i) {
    // Freed with the watch: a wake after that is a use after free, which the
    // sanitizers see.
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto watch = queue_->Watch(
        kOwner, request, [flag = alive.get()] { EXPECT_TRUE(*flag); });
    ASSERT_TRUE(watch.ok());
    (void)(*watch)->Next();
    watch->reset();
    *alive = false;
  }
  stop = true;
  sender.join();
  executor_->Succeed(id);
}

TEST_F(JobWatchTest, CutAndResumedAtRandomItGivesTheLogExactly) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    const auto ids =
        SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
    std::thread runner([&] {
      executor_->Succeed(ids[0], {0});
      executor_->Succeed(ids[1]);
    });
    std::vector<int> states;
    std::string token;
    bool ended = false;
    while (!ended) {
      const auto events = Watch(ids[1], token, [&](const v1::JobEvent&) {
        return random() % 2 == 0;  // cut here
      });
      for (const v1::JobEvent& event : events) {
        if (event.has_snapshot()) {
          // What was before it.
          const auto history = History(ids[1]);
          states.assign(history.begin(), history.begin() + event.sequence());
        } else {
          states.push_back(event.state_change().state());
        }
        token = event.resume_token();
      }
      ended = !states.empty() && states.back() >= 4;
    }
    runner.join();
    EXPECT_EQ(states, History(ids[1]));
  }
}

}  // namespace
}  // namespace modbound
