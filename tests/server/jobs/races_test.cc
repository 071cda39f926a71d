// Threads against each other, and against a sequential model of one job.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/job_time.h"
#include "server/jobs/job_transitions.h"
#include "server/jobs/queue_fixture.h"
#include "server/jobs/random_executor.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

class RacesTest : public QueueFixture {
 protected:
  RacesTest() : QueueFixture({3, int64_t{1} << 33}) {}
};

TEST_F(RacesTest, CancelAgainstCompletion) {
  const int races = LongFaults() ? 100000 : 300;
  int succeeded = 0;
  std::mt19937 random(12);
  for (int i = 0; i < races; ++i) {
    const std::string id = Enqueue(QualityJob());
    executor_->Await(id);
    std::thread finish([&] { executor_->Succeed(id); });
    // About as long as a completion takes: either may be first.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    const auto answered = Cancel(id);
    finish.join();
    ASSERT_TRUE(answered.ok());
    const v1::Job job = Await(id);
    if (HasEnded(answered->state())) {
      // Too late: it had succeeded, and stays so.
      EXPECT_EQ(answered->state(), v1::JobState::SUCCEEDED);
      EXPECT_EQ(job.state(), v1::JobState::SUCCEEDED);
    } else {
      EXPECT_EQ(job.state(), v1::JobState::CANCELLED);
    }
    EXPECT_EQ(job.has_error(), job.state() == v1::JobState::CANCELLED);
    EXPECT_EQ(job.outputs().empty(), job.state() == v1::JobState::CANCELLED);
    succeeded += job.state() == v1::JobState::SUCCEEDED ? 1 : 0;
    if (LongFaults()) {
      ASSERT_TRUE(Delete(id).ok());
    }
  }
  CheckInvariants(*database_, true);
  FaultRow(12,
           std::to_string(races) + " races of a cancel with a completion, " +
               std::to_string(succeeded) +
               " won by the completion: no end changed");
}

// A rescue of a job (its attempt is given up as lost, or its time is over)
// against the success of its attempt.
class RescueRaces : public RacesTest {
 protected:
  // Within about as long as a completion takes: either may be first.
  std::chrono::microseconds AWhile() {
    return std::chrono::microseconds(random_() % 2000);
  }
  // Asserts that the job ended once, with its last event, as it has since it
  // was seen first.
  void CheckEnd(const std::string& id) {
    const v1::Job job = Get(id);
    ASSERT_TRUE(HasEnded(job.state())) << id;
    const std::vector<int> history = History(id);
    EXPECT_EQ(std::count_if(history.begin(),
                            history.end(),
                            [](int state) {
                              return HasEnded(static_cast<JobStateEnum>(state));
                            }),
              1)
        << id;
    EXPECT_EQ(history.back(), job.state()) << id;
    const bool succeeded = job.state() == v1::JobState::SUCCEEDED;
    EXPECT_EQ(job.has_error(), !succeeded) << id;
    EXPECT_EQ(job.outputs().empty(), !succeeded) << id;
    const v1::Job& seen = ended_.emplace(id, job).first->second;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(seen, job))
        << id << " changed after its end";
  }
  void CheckEnds() {
    for (const auto& [id, job] : std::map(ended_)) {
      CheckEnd(id);
    }
  }
  bool Succeeded(const std::string& id) {
    return StateOf(id) == v1::JobState::SUCCEEDED;
  }
  // Takes the job from an attempt, as reconciling does; `most` as of
  // JobTransitions::Lose. Whether that came first.
  bool Rescue(const AttemptKey& key, int most) {
    bool won = false;
    std::vector<StateChange> made;
    EXPECT_TRUE(
        database_
            ->WriteAndWait([&](Connection& connection) -> absl::Status {
              JobTransitions transitions(connection, WallMicros(), made);
              const absl::Status lost = MakeError(
                  absl::StatusCode::kAborted, "WORKER_HUNG", "", "it hung");
              MODBOUND_ASSIGN_OR_RETURN(
                  won, transitions.Lose(key, Loss::kWorker, lost, most, lost));
              return absl::OkStatus();
            })
            .ok());
    return won;
  }
  // Submits `job` and lets its attempt, if there is one, succeed after a while.
  std::string RaceWithSuccess(const v1::Job& job) {
    const std::string id = Enqueue(job);
    while (executor_->RunningNow() == 0 && !HasEnded(StateOf(id))) {
      std::this_thread::yield();
    }
    if (executor_->RunningNow() > 0) {
      std::this_thread::sleep_for(AWhile());
      executor_->Succeed(id);
    }
    Await(id);
    CheckEnd(id);
    return id;
  }

  const int races_ = LongFaults() ? 20000 : 150;
  std::mt19937 random_{12};
  // The jobs as they ended.
  std::map<std::string, v1::Job> ended_;
};

TEST_F(RescueRaces, LossOfTheWorkerAgainstSuccess) {
  int rescued = 0;
  std::vector<std::string> again;
  for (int i = 0; i < races_; ++i) {
    const std::string id = Enqueue(QualityJob());
    const AttemptTask task = executor_->Await(id);
    std::thread finish([&, a_while = AWhile()] {
      std::this_thread::sleep_for(a_while);
      executor_->Succeed(id);
    });
    std::this_thread::sleep_for(AWhile());
    // Every other job is given up for good with its first loss.
    const bool last = i % 2 == 0;
    const bool won = Rescue({id, 1, task.token}, last ? 1 : 0);
    finish.join();
    rescued += won ? 1 : 0;
    if (won && !last) {
      again.push_back(id);
    } else {
      EXPECT_EQ(Await(id).state(),
                won ? v1::JobState::FAILED : v1::JobState::SUCCEEDED);
      CheckEnd(id);
    }
    // The same attempt is lost, or gives its result, once more: too late.
    EXPECT_FALSE(Rescue({id, 1, task.token}, 1));
  }
  // Those that were put back run at the next start.
  Close();
  Open(dir_.path());
  for (const std::string& id : again) {
    EXPECT_EQ(executor_->Spec(id).attempt(), 2);
    executor_->Succeed(id);
    EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
    CheckEnd(id);
  }
  CheckEnds();
  CheckInvariants(*database_, true);
  FaultRow(12,
           std::to_string(races_) + " races of a lost worker with a success, " +
               std::to_string(rescued) +
               " won by the loss: one end each, none changed");
}

TEST_F(RescueRaces, LimitOfRunTimeAgainstSuccess) {
  int succeeded = 0;
  for (int i = 0; i < races_; ++i) {
    v1::Job job = QualityJob();
    job.mutable_max_run_time()->set_nanos(
        static_cast<int>(1000000 + random_() % 5000000));
    const std::string id = RaceWithSuccess(job);
    if (Succeeded(id)) {
      ++succeeded;
    } else {
      EXPECT_EQ(ReasonOf(Get(id)), "RUN_TIME_EXCEEDED");
    }
  }
  CheckEnds();
  CheckInvariants(*database_, true);
  FaultRow(12,
           std::to_string(races_) +
               " races of a limit of run time with a success, " +
               std::to_string(succeeded) +
               " won by the success: one end each, none changed");
}

TEST_F(RescueRaces, DeadlineAgainstSuccess) {
  int succeeded = 0;
  for (int i = 0; i < races_; ++i) {
    v1::Job job = QualityJob();
    // Some end before they start.
    *job.mutable_deadline() = ToTimestamp(
        WallMicros() + 3000 + static_cast<int64_t>(random_() % 6000));
    const std::string id = RaceWithSuccess(job);
    if (Succeeded(id)) {
      ++succeeded;
    } else {
      EXPECT_EQ(ReasonOf(Get(id)), "DEADLINE_PASSED");
    }
  }
  CheckEnds();
  CheckInvariants(*database_, true);
  FaultRow(12,
           std::to_string(races_) + " races of a deadline with a success, " +
               std::to_string(succeeded) +
               " won by the success: one end each, none changed");
}

// Waiting, queued, running and ended jobs, each cancelled by many at once.
TEST_F(RacesTest, CancelInEachStateIsIdempotent) {
  const int rounds = LongFaults() ? 1000 : 25;
  for (int i = 0; i < rounds; ++i) {
    const std::string ended = Enqueue(QualityJob());
    executor_->Succeed(ended);
    Await(ended);
    std::vector<std::string> ids = {ended};
    // Three run, the fourth is queued, the last waits for the first of them.
    for (int k = 0; k < 4; ++k) {
      ids.push_back(Enqueue(QualityJob()));
    }
    executor_->AwaitRunning(3);
    ids.push_back(Enqueue(DependentJob(ids[1])));
    ASSERT_EQ(StateOf(ids.back()), v1::JobState::WAITING);
    constexpr int kTimes = 4;
    std::vector<Answer<absl::StatusOr<v1::Job>>> answers(kTimes * ids.size());
    for (std::size_t k = 0; k < answers.size(); ++k) {
      queue_->CancelJob(kOwner, ids[k % ids.size()], answers[k].Callback());
    }
    for (int k = 1; k <= 3; ++k) {
      executor_->ReturnWhenStopped(ids[k]);
    }
    for (std::size_t k = 0; k < answers.size(); ++k) {
      const auto job = answers[k].Get();
      ASSERT_TRUE(job.ok()) << job.status();
      EXPECT_EQ(job->id(), ids[k % ids.size()]);
    }
    EXPECT_EQ(Await(ended).state(), v1::JobState::SUCCEEDED);
    for (std::size_t k = 1; k < ids.size(); ++k) {
      EXPECT_EQ(Await(ids[k]).state(), v1::JobState::CANCELLED) << k;
    }
    EXPECT_EQ(executor_->RunningNow(), 0u);
  }
  CheckInvariants(*database_, true);
  FaultRow(
      13,
      std::to_string(rounds) +
          " times 4 cancels each of a waiting, a queued, three running and "
          "an ended job: one end each, nothing left");
}

TEST_F(RacesTest, ManyCancelsOfOneJobAreOne) {
  for (int i = 0; i < 50; ++i) {
    const std::string id = Enqueue(QualityJob());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] { EXPECT_TRUE(Cancel(id).ok()); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    // Cancelled before it started, or stopped after.
    while (!HasEnded(StateOf(id)) && executor_->RunningNow() == 0) {
      std::this_thread::yield();
    }
    if (executor_->RunningNow() > 0) {
      executor_->ReturnWhenStopped(id);
    }
    EXPECT_EQ(Await(id).state(), v1::JobState::CANCELLED);
  }
  CheckInvariants(*database_, true);
}

// One client's view of a job must fit a sequential order of operations: states
// only go forward, and what ended never changes again.
class ClientView {
 public:
  void See(const v1::Job& job) {
    auto& seen = seen_[job.id()];
    if (HasEnded(seen)) {
      EXPECT_EQ(job.state(), seen) << job.id() << " changed after its end";
    } else {
      EXPECT_GE(job.state(), seen) << job.id() << " went back";
    }
    seen = job.state();
  }
  void SeeCancelled(const std::string& id) { cancelled_.insert(id); }
  bool cancelled(const std::string& id) const {
    return cancelled_.count(id) > 0;
  }

 private:
  std::map<std::string, JobStateEnum> seen_;
  std::set<std::string> cancelled_;
};

class RandomOperations : public RacesTest {
 protected:
  // Submits, cancels, reads, lists, deletes at random; each job is this
  // thread's own or, as a need, another's.
  void Act(JobQueue& queue, int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    ClientView view;
    std::vector<std::string> mine;
    for (int step = 0; step < 150; ++step) {
      const std::string some =
          mine.empty() ? "jnone" : mine[random() % mine.size()];
      switch (random() % 6) {
        case 0:
        case 1: {
          const v1::Job job =
              random() % 2 == 0 ? QualityJob() : DependentJob(some);
          const auto submitted = SubmitTo(queue, job);
          if (submitted.ok()) {
            mine.push_back(submitted->id());
            view.See(*submitted);
          } else {
            const std::string reason = ReasonOf(submitted.status());
            EXPECT_TRUE(reason == "JOB_NOT_FOUND" ||
                        reason == "DEPENDENCY_FAILED")
                << submitted.status();
          }
          break;
        }
        case 2: {
          Answer<absl::StatusOr<v1::Job>> answer;
          queue.CancelJob(kOwner, some, answer.Callback());
          const auto job = answer.Get();
          if (job.ok()) {
            view.See(*job);
            if (job->state() == v1::JobState::RUNNING) {
              view.SeeCancelled(some);
            }
          }
          break;
        }
        case 3:
        case 4: {
          const auto job = queue.GetJob(kOwner, some);
          if (job.ok()) {
            view.See(*job);
            if (view.cancelled(some)) {
              EXPECT_TRUE(job->state() == v1::JobState::RUNNING ||
                          job->state() == v1::JobState::CANCELLED)
                  << some << " is " << StateWord(job->state());
            }
          }
          break;
        }
        default: {
          Answer<absl::Status> answer;
          queue.DeleteJob(kOwner, some, answer.Callback());
          if (answer.Get().ok()) {
            mine.erase(std::find(mine.begin(), mine.end(), some));
            EXPECT_FALSE(queue.GetJob(kOwner, some).ok());
          }
        }
      }
      EXPECT_LE(queue.State()->leased_cores(), options_.cores);
    }
  }

  static absl::StatusOr<v1::Job> SubmitTo(JobQueue& queue, const v1::Job& job) {
    v1::SubmitJobRequest request;
    *request.mutable_job() = job;
    Answer<absl::StatusOr<v1::Job>> answer;
    queue.SubmitJob(kOwner, std::move(request), answer.Callback());
    return answer.Get();
  }
};

TEST_F(RandomOperations, OfEightThreadsFitASequentialModel) {
  queue_.reset();
  RandomExecutor executor(3);
  auto opened = JobQueue::Open(*database_, *artifacts_, executor, options_);
  ASSERT_TRUE(opened.ok());
  const std::unique_ptr<JobQueue> queue = *std::move(opened);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] { Act(*queue, 100 + t); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  v1::QueueState state = *queue->State();
  while (state.waiting() + state.queued() + state.running() +
             state.leased_cores() >
         0) {
    std::this_thread::yield();
    state = *queue->State();
  }
  EXPECT_LE(executor.most(), options_.cores);
  CheckInvariants(*database_, true);
}

TEST_F(RandomOperations, AndADrainInTheMiddleLeaveAStoreThatGoesOn) {
  queue_.reset();
  RandomExecutor executor(3);
  for (int round = 0; round < 5; ++round) {
    auto opened = JobQueue::Open(*database_, *artifacts_, executor, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    const std::unique_ptr<JobQueue> queue = *std::move(opened);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          const auto job = SubmitTo(*queue, QualityJob());
          if (!job.ok()) {
            EXPECT_EQ(ReasonOf(job.status()), "SERVER_STOPPING");
          } else if (i == 10) {
            queue->Drain();
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    queue->Drain();
    EXPECT_EQ(queue->State()->running(), 0);
    CheckInvariants(*database_, false);
  }
}

}  // namespace
}  // namespace modbound
