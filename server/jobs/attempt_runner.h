#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/artifacts/artifact_store.h"
#include "server/executors/executor.h"
#include "server/jobs/attempt_control.h"
#include "server/jobs/attempt_end.h"
#include "server/jobs/job_time.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/state_writer.h"

namespace modbound {

// The life of an attempt, from QUEUED to the committed end: start in the store,
// directory, executor, outputs, commit, removal of the directory. Threads: safe
// from any thread.
class AttemptRunner {
 public:
  struct Options {
    std::string attempts_folder;
    int64_t memory_limit_bytes = 0;
  };
  // What is to be run, with what is leased to it.
  struct Order {
    std::string job;
    int threads = 1;
    SteadyTime ready;  // since when it could have been running
    SteadyTime start;
    std::shared_ptr<AttemptControl> control;
  };
  // Called once, on any thread, when nothing of the attempt is left. An error:
  // the store could not start it, and the job is still QUEUED.
  using Ended = std::function<void(const absl::Status&)>;

  // All references must outlive every attempt.
  AttemptRunner(StateWriter& writer,
                ArtifactStore& artifacts,
                Executor& executor,
                std::shared_ptr<ProgressBoard> progress,
                Options options)
      : writer_(writer),
        artifacts_(artifacts),
        executor_(executor),
        progress_(std::move(progress)),
        options_(std::move(options)) {}

  // Waits for the store and the files, not for the attempt.
  void Run(const Order& order, Ended ended);

 private:
  struct Attempt;
  void Execute(const std::shared_ptr<Attempt>& attempt);
  void Finish(Attempt& attempt, const AttemptEnd& end);

  StateWriter& writer_;
  ArtifactStore& artifacts_;
  Executor& executor_;
  const std::shared_ptr<ProgressBoard> progress_;
  const Options options_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_
