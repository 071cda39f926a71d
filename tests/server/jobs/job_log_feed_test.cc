// Logs of jobs through the queue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.h"
#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class JobLogFeedTest : public QueueFixture {
 protected:
  // A follower, woken as a stream would be.
  struct Follower {
    Mutex mutex;
    CondVar rang;
    int wakes ABSL_GUARDED_BY(mutex) = 0;
    std::unique_ptr<JobLogFeed> feed;
  };
  absl::StatusOr<std::shared_ptr<Follower>> Follow(
      const std::string& id,
      int64_t offset = 0,
      bool follow = true,
      const std::string& owner = kOwner) {
    auto follower = std::make_shared<Follower>();
    v1::GetLogsRequest request;
    request.set_id(id);
    request.set_offset(offset);
    request.set_follow(follow);
    MODBOUND_ASSIGN_OR_RETURN(
        follower->feed, queue_->Logs(owner, request, [raw = follower.get()] {
          const MutexLock lock(raw->mutex);
          ++raw->wakes;
          raw->rang.NotifyAll();
        }));
    return follower;
  }
  // Reads until `last` is in the text, or the end.
  std::string ReadTo(Follower& follower, const std::string& last) {
    std::string text;
    while (text.find(last) == std::string::npos && !follower.feed->done()) {
      int wakes = 0;
      {
        const MutexLock lock(follower.mutex);
        wakes = follower.wakes;
      }
      auto piece = follower.feed->Next();
      EXPECT_TRUE(piece.ok()) << piece.status();
      if (!piece.ok()) {
        break;
      }
      if (piece->has_value()) {
        text += (*piece)->text();
        continue;
      }
      const MutexLock lock(follower.mutex);
      while (follower.wakes == wakes && !follower.feed->done()) {
        follower.rang.Wait(follower.mutex);
      }
    }
    return text;
  }
  // What is there now.
  std::string LogOf(const std::string& id) {
    const auto follower = Follow(id, 0, false);
    EXPECT_TRUE(follower.ok()) << follower.status();
    return follower.ok() ? ReadTo(**follower, "never in it") : "";
  }
  ProgressUpdate Phase(const std::string& phase) {
    ProgressUpdate update;
    update.phase = phase;
    update.total = 10;
    update.unit = "runs";
    return update;
  }
};

TEST_F(JobLogFeedTest, TellsOfEveryAttempt) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask task = executor_->Await(id);
  task.sink->Log("runs in a test");
  task.sink->Progress(Phase("louvain"));
  task.sink->Progress(Phase("louvain"));
  executor_->Return(
      id,
      MakeError(absl::StatusCode::kAborted, "WORKER_CRASHED", "", "SIGSEGV"));
  executor_->Succeed(id);
  Await(id);
  const std::string log = LogOf(id);
  EXPECT_THAT(log, HasSubstr("attempt 1: started with 1 thread"));
  EXPECT_THAT(log, HasSubstr("attempt 1: runs in a test"));
  EXPECT_THAT(log, HasSubstr("attempt 1: phase louvain: 0 of 10 runs"));
  const auto phase = log.find("phase louvain");
  EXPECT_EQ(log.find("phase louvain", phase + 1), std::string::npos);
  EXPECT_THAT(log, HasSubstr("attempt 1: ends: lost: WORKER_CRASHED: SIGSEGV"));
  EXPECT_THAT(log, HasSubstr("attempt 2: started"));
  EXPECT_THAT(log, HasSubstr("attempt 2: ends: result of 1 arrays"));
}

TEST_F(JobLogFeedTest, NamesCancelAndFailure) {
  const std::string cancelled = Enqueue(QualityJob());
  executor_->Await(cancelled);
  ASSERT_TRUE(Cancel(cancelled).ok());
  executor_->ReturnWhenStopped(cancelled);
  Await(cancelled);
  EXPECT_THAT(LogOf(cancelled), HasSubstr("ends: cancelled by its owner"));
  const std::string failed = Enqueue(QualityJob());
  executor_->Fail(failed, Refuse("NOT_FINITE", "inputs.matrix", "it has NaN"));
  Await(failed);
  EXPECT_THAT(LogOf(failed), HasSubstr("ends: failed: NOT_FINITE: it has NaN"));
}

TEST_F(JobLogFeedTest, FollowsToTheEndOfTheJobAndNotBeyond) {
  const std::string id = Enqueue(QualityJob());
  const auto follower = Follow(id);
  ASSERT_TRUE(follower.ok()) << follower.status();
  const AttemptTask task = executor_->Await(id);
  task.sink->Log("one");
  EXPECT_THAT(ReadTo(**follower, "attempt 1: one"),
              Not(HasSubstr("attempt 1: two")));
  EXPECT_FALSE((*follower)->feed->done());
  task.sink->Log("two");
  executor_->Succeed(id);
  EXPECT_THAT(ReadTo(**follower, "never in it"),
              HasSubstr("attempt 1: ends: result"));
  EXPECT_TRUE((*follower)->feed->done());
}

TEST_F(JobLogFeedTest, EndsAtWhatIsThereWithoutFollow) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id).sink->Log("one");
  EXPECT_THAT(LogOf(id), HasSubstr("attempt 1: one"));
  executor_->Succeed(id);
  Await(id);
}

TEST_F(JobLogFeedTest, GoesOnFromAnOffset) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id).sink->Log("one");
  const auto first = Follow(id, 0, false);
  ASSERT_TRUE(first.ok());
  const auto piece = (*first)->feed->Next();
  ASSERT_TRUE(piece.ok() && piece->has_value());
  executor_->Succeed(id);
  Await(id);
  const auto rest = Follow(id, (*piece)->next_offset());
  ASSERT_TRUE(rest.ok());
  const std::string text = ReadTo(**rest, "never in it");
  EXPECT_EQ((*piece)->text() + text, LogOf(id));
  EXPECT_THAT(text, Not(HasSubstr("attempt 1: one")));
  for (const int64_t offset : {int64_t{-1}, int64_t{1} << 40}) {
    ExpectRefused(Follow(id, offset).status(), "OUT_OF_RANGE", "offset");
  }
}

TEST_F(JobLogFeedTest, IsItsOwnersAlone) {
  const std::string id = Enqueue(QualityJob());
  executor_->Succeed(id);
  Await(id);
  ExpectRefused(Follow(id, 0, true, "grace").status(), "JOB_NOT_FOUND", "");
  for (const char* other : {"", "../modbound.sqlite3", "nothing"}) {
    ExpectRefused(Follow(other).status(), "JOB_NOT_FOUND", "");
  }
}

TEST_F(JobLogFeedTest, OutlivesTheServerAndTellsOfItsEnd) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id).sink->Log("before");
  // The folder as a kill would leave it.
  const TemporaryFolder copy;
  std::filesystem::copy(
      dir_.path(), copy.path(), std::filesystem::copy_options::recursive);
  executor_->Succeed(id);
  Await(id);
  CheckInvariants(*database_, false);
  Close();
  Open(copy.path());
  executor_->Succeed(id);
  Await(id);
  const std::string log = LogOf(id);
  EXPECT_THAT(log, HasSubstr("attempt 1: before"));
  EXPECT_THAT(log, HasSubstr("attempt 1: lost: the server came to an end"));
  EXPECT_THAT(log, HasSubstr("attempt 2: ends: result"));
  Close();
}

TEST_F(JobLogFeedTest, GoesWithItsJob) {
  const std::string id = Enqueue(QualityJob());
  executor_->Succeed(id);
  Await(id);
  const std::string path = dir_.path() + "/logs/" + id;
  const std::string bytes = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  EXPECT_FALSE(bytes.empty());
  const auto follower = Follow(id);
  ASSERT_TRUE(follower.ok());
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  ExpectRefused(Follow(id).status(), "JOB_NOT_FOUND", "");
  EXPECT_EQ(ReasonOf((*follower)->feed->Next().status()), "JOB_NOT_FOUND");
  (*follower)->feed.reset();
  // A server that ended between the commit and the removal.
  std::ofstream(path, std::ios::binary) << bytes;
  const std::string dir = dir_.path();
  Close();
  Open(dir);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace modbound
