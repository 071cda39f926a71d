// What a new server makes of the store that another one left behind. A crash is
// a copy of the folder, taken while nothing writes: the copy knows of no end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/job_time.h"
#include "server/jobs/job_transitions.h"
#include "server/jobs/queue_fixture.h"
#include "server/jobs/ready_jobs.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class RecoveryTest : public QueueFixture {
 protected:
  explicit RecoveryTest(int max_lost_attempts = 20)
      : QueueFixture({2, int64_t{1} << 33, max_lost_attempts}) {}

  // Takes the picture, lets `finish` bring the first server to its end, and
  // opens a second one over the picture.
  void Crash(const std::function<void()>& finish) {
    const std::string copy = copies_.path() + "/" + std::to_string(++count_);
    std::filesystem::copy(
        database_->data_dir(), copy, std::filesystem::copy_options::recursive);
    std::filesystem::permissions(copy, std::filesystem::perms::owner_all);
    finish();
    Close();
    Open(copy);
  }

  TemporaryFolder copies_;
  int count_ = 0;
};

TEST_F(RecoveryTest, RunningJobsStartAnewWithAnotherToken) {
  const auto ids = SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
  const internal::AttemptSpec lost = executor_->Spec(ids[0]);
  Crash([&] {
    executor_->Succeed(ids[0], {0});
    executor_->Succeed(ids[1]);
  });
  const internal::AttemptSpec spec = executor_->Spec(ids[0]);
  EXPECT_EQ(spec.attempt(), 2);
  EXPECT_NE(spec.token(), lost.token());
  EXPECT_THAT(History(ids[0]), ElementsAre(2, 3, 2, 3));
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::WAITING);
  executor_->Succeed(ids[0], {0});
  executor_->Succeed(ids[1]);
  EXPECT_EQ(Await(ids[1]).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Get(ids[0]).attempts(), 2);
  CheckInvariants(*database_, true);
}

class ThreeAttempts : public RecoveryTest {
 protected:
  ThreeAttempts() : RecoveryTest(3) {}
};

TEST_F(ThreeAttempts, AJobThatLosesAllItsAttemptsFails) {
  const auto ids = SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(executor_->Spec(ids[0]).attempt(), attempt);
    Crash([&] {
      executor_->Succeed(ids[0], {0});
      executor_->Succeed(ids[1]);
    });
  }
  const v1::Job job = Get(ids[0]);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "ATTEMPTS_EXHAUSTED");
  EXPECT_EQ(job.attempts(), 3);
  EXPECT_THAT(History(ids[0]), ElementsAre(2, 3, 2, 3, 2, 3, 5));
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::SKIPPED);
}

TEST_F(ThreeAttempts, AreNotLostByAStop) {
  const std::string id = Enqueue(QualityJob());
  for (int attempt = 1; attempt <= 4; ++attempt) {
    EXPECT_EQ(executor_->Spec(id).attempt(), attempt);
    std::thread drain([&] { queue_->Drain(); });
    executor_->ReturnWhenStopped(id);
    drain.join();
    Close();
    Open(dir_.path());
  }
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
}

class AnyNumberOfAttempts : public RecoveryTest {
 protected:
  AnyNumberOfAttempts() : RecoveryTest(0) {}
};

// Two jobs that ran at three crashes: one of them may be the cause, and which
// one shows only when they run one at a time.
TEST_F(AnyNumberOfAttempts, OfSuspectsOneRunsAtATime) {
  const std::string a = Enqueue(QualityJob());
  const std::string b = Enqueue(QualityJob());
  for (int crash = 0; crash < kSuspectAttempts; ++crash) {
    executor_->AwaitRunning(2);
    Crash([&] {
      executor_->Succeed(a);
      executor_->Succeed(b);
    });
  }
  executor_->Await(a);
  // Others go on beside.
  const std::string other = Enqueue(QualityJob());
  executor_->Succeed(other);
  EXPECT_EQ(Await(other).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(StateOf(b), v1::JobState::QUEUED);
  executor_->Succeed(a);
  executor_->Succeed(b);
  EXPECT_EQ(Await(b).state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(executor_->Order(), ElementsAre(a, other, b));
}

TEST_F(RecoveryTest, ALateWriterOfAFencedAttemptChangesNothing) {
  const std::string id = Enqueue(QualityJob());
  const AttemptKey lost{id, 1, executor_->Spec(id).token()};
  Crash([&] { executor_->Succeed(id); });
  executor_->Await(id);
  std::vector<StateChange> made;
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) -> absl::Status {
                    JobTransitions transitions(connection, 1, made);
                    JobEnd end;
                    end.state = v1::JobState::SUCCEEDED;
                    MODBOUND_ASSIGN_OR_RETURN(
                        const bool won, transitions.EndAttempt(lost, end));
                    EXPECT_FALSE(won);
                    AttemptKey guess{id, 2, lost.token};
                    MODBOUND_ASSIGN_OR_RETURN(
                        const bool guessed, transitions.EndAttempt(guess, end));
                    EXPECT_FALSE(guessed);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(made.empty());
  EXPECT_EQ(StateOf(id), v1::JobState::RUNNING);
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
}

TEST_F(RecoveryTest, ACancelThatWasAskedForIsCarriedOut) {
  const auto ids = SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
  executor_->Await(ids[0]);
  ASSERT_TRUE(Cancel(ids[0]).ok());
  Crash([&] { executor_->ReturnWhenStopped(ids[0]); });
  EXPECT_EQ(StateOf(ids[0]), v1::JobState::CANCELLED);
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::SKIPPED);
  EXPECT_EQ(executor_->RunningNow(), 0u);
}

TEST_F(RecoveryTest, LeftoverAttemptDirectoriesAreRemoved) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  Crash([&] { executor_->Succeed(id); });
  const std::string dir = executor_->Await(id).dir;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(
           database_->data_dir() + "/attempts")) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre(id + "-2"));
  executor_->Succeed(id);
  Await(id);
}

// What the job's next attempt finds in its checkpoint folder.
std::string CheckpointText(const std::string& dir) {
  std::ifstream file(dir + "/checkpoint/1");
  return {std::istreambuf_iterator<char>(file), {}};
}
void WriteCheckpoint(const std::string& dir, const std::string& text) {
  std::filesystem::create_directory(dir + "/checkpoint");
  std::ofstream(dir + "/checkpoint/1") << text;
}

TEST_F(RecoveryTest, ACheckpointSurvivesCrashAndStop) {
  const std::string id = Enqueue(QualityJob());
  const std::string key = executor_->Spec(id).checkpoint_key();
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(CheckpointText(executor_->Await(id).dir), "");
  WriteCheckpoint(executor_->Await(id).dir, "of the first");
  Crash([&] { executor_->Succeed(id); });
  EXPECT_EQ(executor_->Spec(id).attempt(), 2);
  EXPECT_EQ(executor_->Spec(id).checkpoint_key(), key);
  EXPECT_EQ(CheckpointText(executor_->Await(id).dir), "of the first");
  WriteCheckpoint(executor_->Await(id).dir, "of the second");
  const std::string folder = database_->data_dir();
  std::thread drain([&] { queue_->Drain(); });
  executor_->ReturnWhenStopped(id);
  drain.join();
  Close();
  Open(folder);
  EXPECT_EQ(CheckpointText(executor_->Await(id).dir), "of the second");
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
  EXPECT_TRUE(std::filesystem::is_empty(folder + "/checkpoints"));
}

TEST_F(RecoveryTest, ACheckpointOfAnAttemptThatWasPutBackGoesToTheNext) {
  const std::string id = Enqueue(QualityJob());
  WriteCheckpoint(executor_->Await(id).dir, "state");
  executor_->Return(id,
                    MakeError(absl::StatusCode::kUnavailable,
                              "OVERLOADED",
                              "",
                              "the machine has no thread left"));
  EXPECT_EQ(executor_->Spec(id).attempt(), 2);
  EXPECT_EQ(CheckpointText(executor_->Await(id).dir), "state");
  executor_->Fail(id, absl::InternalError("x"));
  EXPECT_EQ(Await(id).state(), v1::JobState::FAILED);
  EXPECT_TRUE(
      std::filesystem::is_empty(database_->data_dir() + "/checkpoints"));
}

TEST_F(RecoveryTest, ACheckpointGoesWithAJobThatIsCancelledWhileItWaits) {
  const std::string a = Enqueue(QualityJob());
  const std::string b = Enqueue(QualityJob());
  const std::string id = Enqueue(QualityJob());
  executor_->AwaitRunning(2);
  const std::string kept = database_->data_dir() + "/checkpoints/" + id;
  std::filesystem::create_directory(kept);
  Crash([&] {
    ASSERT_TRUE(Cancel(id).ok());
    executor_->Succeed(a);
    executor_->Succeed(b);
  });
  executor_->AwaitRunning(2);
  EXPECT_TRUE(
      std::filesystem::exists(database_->data_dir() + "/checkpoints/" + id));
  ASSERT_TRUE(Cancel(id).ok());
  EXPECT_FALSE(
      std::filesystem::exists(database_->data_dir() + "/checkpoints/" + id));
  executor_->Succeed(a);
  executor_->Succeed(b);
}

TEST_F(RecoveryTest, QueuedJobsKeepTheirOrderAndDeadlines) {
  v1::Job job = QualityJob();
  const std::string a = Enqueue(job);
  const std::string b = Enqueue(job);
  executor_->AwaitRunning(2);
  const std::string low = Enqueue(job);
  job.set_priority(9);
  const std::string high = Enqueue(job);
  job.set_priority(-9);
  *job.mutable_deadline() = ToTimestamp(WallMicros() + 1000000);
  const std::string late = Enqueue(job);
  Crash([&] {
    ASSERT_TRUE(Cancel(low).ok() && Cancel(high).ok() && Cancel(late).ok());
    executor_->Succeed(a);
    executor_->Succeed(b);
  });
  // Two cores: the urgent one and the oldest of the rest.
  executor_->AwaitRunning(2);
  EXPECT_THAT(executor_->Order(), UnorderedElementsAre(high, a));
  EXPECT_EQ(ReasonOf(Await(late)), "DEADLINE_PASSED");
  executor_->Succeed(high);
  executor_->Succeed(a);
  executor_->Succeed(b);
  executor_->Succeed(low);
  Await(low);
}

TEST_F(RecoveryTest, WaitingJobsWhoseNeedsHaveEndedGoOn) {
  const auto ids = SubmitGraph({{"a", QualityJob()},
                                {"b", DependentJob("a")},
                                {"c", QualityJob()},
                                {"d", DependentJob("c")},
                                {"e", DependentJob("d")}});
  executor_->AwaitRunning(2);
  executor_->Succeed(ids[0], {0});
  executor_->Succeed(ids[1]);
  executor_->Return(ids[2], absl::InternalError("x"));
  Await(ids[2]);
  Await(ids[1]);
  // Rows as no transaction of ours leaves them: as if the ends had not reached
  // the jobs that wait.
  ASSERT_TRUE(
      database_
          ->WriteAndWait([&](Connection& connection) -> absl::Status {
            for (const std::string& id : {ids[1], ids[3], ids[4]}) {
              for (const char* sql :
                   {"UPDATE job SET state = 1, end_us = 0, result = NULL, "
                    "attempt = 0 WHERE id = ?1",
                    "DELETE FROM event WHERE job = ?1 AND sequence > 1"}) {
                MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                                          connection.Prepare(sql));
                MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Run());
              }
            }
            return absl::OkStatus();
          })
          .ok());
  Close();
  Open(dir_.path());
  EXPECT_EQ(StateOf(ids[3]), v1::JobState::SKIPPED);
  EXPECT_EQ(StateOf(ids[4]), v1::JobState::SKIPPED);
  executor_->Succeed(ids[1]);
  EXPECT_EQ(Await(ids[1]).state(), v1::JobState::SUCCEEDED);
}

TEST_F(RecoveryTest, RequestIdsHoldAcrossACrash) {
  const auto first = TrySubmit(QualityJob(), "once");
  ASSERT_TRUE(first.ok());
  executor_->Await(first->id());
  Crash([&] { executor_->Succeed(first->id()); });
  const auto again = TrySubmit(QualityJob(), "once");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id(), first->id());
  // New ids come after the old ones.
  const std::string next = Enqueue(QualityJob());
  EXPECT_LT(first->id(), next);
  executor_->Succeed(first->id());
  executor_->Succeed(next);
}

TEST_F(RecoveryTest, ALostInputFailsTheJobNotTheServer) {
  const std::string a = Enqueue(QualityJob());
  const std::string b = Enqueue(QualityJob());
  executor_->AwaitRunning(2);
  const std::string id = Enqueue(QualityJob());
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return connection.Execute(
                        "DELETE FROM artifact_use; "
                        "DELETE FROM artifact");
                  })
                  .ok());
  executor_->Succeed(a);
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "ARTIFACT_NOT_FOUND");
  executor_->Succeed(b);
  Await(b);
  // What the start noted as used; the invariants ask for such bytes.
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return connection.Execute(
                        "DELETE FROM artifact_use WHERE digest NOT IN "
                        "(SELECT digest FROM artifact)");
                  })
                  .ok());
}

}  // namespace
}  // namespace modbound
