// What becomes of jobs whose attempts are lost with their worker processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"
#include "server/executors/attempt_files.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_transitions.h"
#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status Fault(const std::string& reason) {
  return MakeError(absl::StatusCode::kAborted, reason, "", "it was SIGSEGV");
}

class WorkerFaultsTest : public QueueFixture {
 protected:
  // The third attempt that a worker loses is the last one.
  WorkerFaultsTest() : QueueFixture({2, int64_t{1} << 33, 2, 3}) {}
};

TEST_F(WorkerFaultsTest, AreTriedAgain) {
  for (const char* reason :
       {"WORKER_CRASHED", "WORKER_HUNG", "WORKER_STOPPED", "MEMORY_LIMIT"}) {
    const std::string id = Enqueue(QualityJob());
    executor_->Return(id, Fault(reason));
    executor_->Return(id, Fault(reason));
    executor_->Succeed(id);
    EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
    EXPECT_THAT(History(id), ElementsAre(2, 3, 2, 3, 2, 3, 4));
  }
}

TEST_F(WorkerFaultsTest, EndAJobAtTheirLimitWithTheLastCause) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, Fault("WORKER_HUNG"));
  executor_->Return(id, Fault("WORKER_HUNG"));
  executor_->Return(id, Fault("WORKER_CRASHED"));
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "ATTEMPTS_EXHAUSTED");
  EXPECT_THAT(job.error().message(), HasSubstr("WORKER_CRASHED"));
  EXPECT_THAT(job.error().message(), HasSubstr("SIGSEGV"));
  EXPECT_EQ(job.attempts(), 3);
}

TEST_F(WorkerFaultsTest, TellWatchersTheCauseOfEach) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, Fault("WORKER_HUNG"));
  executor_->Await(id);
  std::string reason;
  Watch(id, id + ".1", [&](const v1::JobEvent& event) {
    if (event.state_change().state() == v1::JobState::QUEUED) {
      reason = ReasonOf(FromRpcStatus(event.state_change().error()));
    }
    return !reason.empty();
  });
  EXPECT_EQ(reason, "WORKER_HUNG");
  executor_->Succeed(id);
  Await(id);
}

TEST_F(WorkerFaultsTest, DoNotCountWithEndsOfTheServer) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, Fault("WORKER_CRASHED"));
  executor_->Return(id, Fault("WORKER_CRASHED"));
  // One more than the limit of the other kind allows.
  executor_->Return(
      id,
      MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "", "full"));
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
}

TEST_F(WorkerFaultsTest, AreNoFaultsWhileTheServerStops) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  std::thread drain([this] { queue_->Drain(); });
  while (!executor_->Await(id).stop->stopped()) {
    std::this_thread::yield();
  }
  executor_->Return(id, Fault("WORKER_STOPPED"));
  drain.join();
  int64_t faults = -1;
  ASSERT_TRUE(database_
                  ->Read([&](Connection& connection) -> absl::Status {
                    MODBOUND_ASSIGN_OR_RETURN(
                        Statement statement,
                        connection.Prepare(
                            "SELECT worker_faults FROM job WHERE id = ?1"));
                    MODBOUND_RETURN_IF_ERROR(
                        statement.Bind(1, id).Step().status());
                    faults = statement.Int(0);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(StateOf(id), v1::JobState::QUEUED);
}

TEST_F(WorkerFaultsTest, AnOutOfMemoryUnderOurOwnLimitIsNotTriedAgain) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(
      id,
      MakeError(
          absl::StatusCode::kResourceExhausted, "MEMORY_LIMIT", "", "much"));
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "MEMORY_LIMIT");
  EXPECT_EQ(job.attempts(), 1);
}

// The worker of an attempt that was given up, and which goes on all the same.
TEST_F(WorkerFaultsTest, AStaleWorkersCommitIsRejected) {
  const std::string id = Enqueue(QualityJob());
  const AttemptTask stale = executor_->Await(id);
  executor_->Return(id, Fault("WORKER_HUNG"));
  const AttemptTask current = executor_->Await(id);
  ASSERT_NE(stale.token, current.token);
  ASSERT_NE(stale.dir, current.dir);
  // In the store.
  std::vector<StateChange> made;
  for (const int attempt : {1, 2}) {
    bool won = true;
    ASSERT_TRUE(
        database_
            ->WriteAndWait([&](Connection& connection) -> absl::Status {
              JobTransitions transitions(connection, WallMicros(), made);
              MODBOUND_ASSIGN_OR_RETURN(
                  won,
                  transitions.EndAttempt(
                      {id, attempt, stale.token},
                      EndedBy(v1::JobState::SUCCEEDED, absl::OkStatus())));
              return absl::OkStatus();
            })
            .ok());
    EXPECT_FALSE(won) << attempt;
  }
  EXPECT_TRUE(made.empty());
  EXPECT_EQ(StateOf(id), v1::JobState::RUNNING);
  // On the disk: its result where the new attempt's should be.
  internal::AttemptResult result;
  result.set_token(stale.token);
  ASSERT_TRUE(WriteAttemptResult(current.dir, result).ok());
  executor_->Return(id, absl::OkStatus());
  EXPECT_EQ(Await(id).state(), v1::JobState::FAILED);
}

}  // namespace
}  // namespace modbound
