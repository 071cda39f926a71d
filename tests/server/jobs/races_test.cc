// Threads against each other, and against a sequential model of one job.
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

// Ends every attempt by itself, in a way that its job's id decides, from
// several threads; a stop ends it as a stopped analysis ends.
class RandomExecutor : public Executor {
 public:
  explicit RandomExecutor(int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { Run(i); });
    }
  }
  ~RandomExecutor() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  void Start(AttemptTask task) override {
    const MutexLock lock(mutex_);
    most_ = std::max(most_, ++going_on_);
    tasks_.push_back(std::move(task));
    changed_.NotifyOne();
  }
  int most() {
    const MutexLock lock(mutex_);
    return most_;
  }

 private:
  void Run(int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    while (true) {
      AttemptTask task;
      {
        const MutexLock lock(mutex_);
        while (tasks_.empty()) {
          if (stopping_) {
            return;
          }
          changed_.Wait(mutex_);
        }
        // Not in order: some attempts last.
        std::swap(tasks_[random() % tasks_.size()], tasks_.back());
        task = std::move(tasks_.back());
        tasks_.pop_back();
        --going_on_;
      }
      End(task, static_cast<int>(random() % 8));
    }
  }
  static void End(const AttemptTask& task, int how) {
    ProgressUpdate update;
    update.done = how;
    update.total = 8;
    task.sink->Progress(update);
    if (task.stop->stopped() && how > 0) {
      task.done(StoppedError());
      return;
    }
    internal::AttemptResult result;
    result.set_token(task.token);
    if (how == 1) {
      *result.mutable_status() =
          ToRpcStatus(Refuse("DEGENERATE", "", "by chance"));
    } else {
      const auto file =
          WriteOutput(task.dir,
                      "out/0",
                      HostArray::FromDoubles({0}, {1}, {"partition"}),
                      StopFlag());
      ASSERT_TRUE(file.ok());
      (*result.mutable_outputs())["quality"] = *file;
    }
    ASSERT_TRUE(WriteAttemptResult(task.dir, result).ok());
    task.done(absl::OkStatus());
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<AttemptTask> tasks_ ABSL_GUARDED_BY(mutex_);
  int going_on_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

class RacesTest : public QueueFixture {
 protected:
  RacesTest() : QueueFixture({3, int64_t{1} << 33}) {}
};

TEST_F(RacesTest, CancelAgainstCompletion) {
  for (int i = 0; i < 300; ++i) {
    const std::string id = Enqueue(QualityJob());
    executor_->Await(id);
    std::thread finish([&] { executor_->Succeed(id); });
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
  }
  CheckInvariants(*database_, true);
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
