#include <list>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/executors/executor.h"

namespace modbound {
namespace {

// A thread an attempt, and one that joins those that ended: `done` never runs
// on the caller's thread, also when no thread can be had.
class ThreadExecutor : public Executor {
 public:
  ThreadExecutor() : reaper_([this] { Reap(); }) {}
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void Start(AttemptTask task) override;

 private:
  using Threads = std::list<std::thread>;
  void Run(const AttemptTask& task, Threads::iterator self);
  void Reap();
  // Anything to reap, or nothing more to wait for?
  bool ReaperMayGoOn() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !ended_.empty() || !unstarted_.empty() ||
           (stopping_ && running_.empty());
  }

  Mutex mutex_;
  CondVar changed_;
  Threads running_ ABSL_GUARDED_BY(mutex_);
  Threads ended_ ABSL_GUARDED_BY(mutex_);
  std::vector<AttemptTask> unstarted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reaper_;
};

ThreadExecutor::~ThreadExecutor() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  reaper_.join();
}

void ThreadExecutor::Start(AttemptTask task) {
  MutexLock lock(mutex_);
  const auto self = running_.emplace(running_.end());
  try {
    *self = std::thread([this, task, self] { Run(task, self); });
  } catch (const std::system_error&) {
    running_.erase(self);
    unstarted_.push_back(std::move(task));
    changed_.NotifyAll();
  }
}

void ThreadExecutor::Run(const AttemptTask& task, Threads::iterator self) {
  task.done(RunAttempt(task.dir, task.token, *task.sink, *task.stop));
  MutexLock lock(mutex_);
  ended_.splice(ended_.end(), running_, self);
  changed_.NotifyAll();
}

void ThreadExecutor::Reap() {
  while (true) {
    Threads ended;
    std::vector<AttemptTask> unstarted;
    {
      MutexLock lock(mutex_);
      while (!ReaperMayGoOn()) {
        changed_.Wait(mutex_);
      }
      ended.swap(ended_);
      unstarted.swap(unstarted_);
      if (ended.empty() && unstarted.empty()) {
        return;
      }
    }
    for (std::thread& thread : ended) {
      thread.join();
    }
    for (const AttemptTask& task : unstarted) {
      task.done(MakeError(absl::StatusCode::kResourceExhausted,
                          "TOO_LARGE",
                          "",
                          "the machine has no thread left for the attempt"));
    }
  }
}

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor() {
  return std::make_unique<ThreadExecutor>();
}

}  // namespace modbound
