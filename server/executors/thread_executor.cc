#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "core/base/error.h"
#include "server/executors/executor.h"
#include "server/executors/hang_watch.h"
#include "server/executors/task_threads.h"
#include "server/files/guarded.h"
#include "server/files/periodic_task.h"

namespace modbound {
namespace {

using Clock = std::chrono::steady_clock;

// Between two looks for attempts that hang.
std::chrono::milliseconds LookInterval(std::chrono::milliseconds hang_limit) {
  return std::clamp(hang_limit / 4,
                    std::chrono::milliseconds(10),
                    std::chrono::milliseconds(5000));
}

class ThreadExecutor : public Executor {
 public:
  explicit ThreadExecutor(std::chrono::milliseconds hang_limit)
      : watch_(hang_limit),
        look_("look_for_hangs", LookInterval(hang_limit), [this] {
          watch_.Look(Clock::now());
          return absl::OkStatus();
        }) {}

  void Start(AttemptTask task) override {
    const auto shared = std::make_shared<const AttemptTask>(std::move(task));
    const bool started = threads_.Start([this, shared] {
      shared->done(Guarded(
          [&] {
            const HangWatch::Entry entry = watch_.Add(shared, Clock::now());
            const absl::Cleanup unwatch = [&] { watch_.Remove(entry); };
            shared->sink->Log("runs in a thread of the server");
            return RunAttempt(
                shared->dir, shared->token, *shared->sink, *shared->stop);
          },
          ShortOfMemory));
    });
    if (!started) {
      shared->done(MakeError(absl::StatusCode::kUnavailable,
                             "OVERLOADED",
                             "",
                             "the machine has no thread left for the attempt"));
    }
  }

 private:
  HangWatch watch_;
  PeriodicTask look_;
  // Last: its attempts are watched.
  TaskThreads threads_;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(
    std::chrono::milliseconds hang_limit) {
  return std::make_unique<ThreadExecutor>(hang_limit);
}

}  // namespace modbound
