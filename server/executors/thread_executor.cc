#include <memory>
#include <utility>

#include "core/base/error.h"
#include "server/executors/executor.h"
#include "server/executors/task_threads.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

class ThreadExecutor : public Executor {
 public:
  void Start(AttemptTask task) override {
    const auto shared = std::make_shared<const AttemptTask>(std::move(task));
    const bool started = threads_.Start([shared] {
      shared->done(Guarded(
          [&] {
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
  TaskThreads threads_;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor() {
  return std::make_unique<ThreadExecutor>();
}

}  // namespace modbound
