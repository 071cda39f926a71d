#include "server/jobs/attempt_runner.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/jobs/attempt_start.h"
#include "server/jobs/job_id.h"

namespace modbound {
namespace {

// Puts an attempt's progress on the board.
class BoardSink final : public AttemptSink {
 public:
  BoardSink(std::shared_ptr<ProgressBoard> board, std::string job, int attempt)
      : board_(std::move(board)), job_(std::move(job)), attempt_(attempt) {}

  void Progress(const ProgressUpdate& update) override {
    board_->Update(job_, attempt_, update);
  }

 private:
  const std::shared_ptr<ProgressBoard> board_;
  const std::string job_;
  const int attempt_;
};

void RemoveDirectory(const std::string& dir) {
  std::error_code error;
  std::filesystem::remove_all(dir, error);
  if (error) {
    // The next start of the server removes it.
    spdlog::warn("cannot remove {}: {}", dir, error.message());
  }
}

}  // namespace

struct AttemptRunner::Attempt {
  RunningAttempt running;
  std::shared_ptr<AttemptControl> control;
  Ended ended;
};

void AttemptRunner::Run(const Order& order, Ended ended) {
  AttemptStart start;
  const absl::Status status = writer_.WriteAndWait(
      [&, token = NewAttemptToken()](Connection& connection,
                                     JobTransitions& transitions) {
        absl::StatusOr<AttemptStart> made =
            StartAttempt(connection, transitions, order.job, token);
        if (made.ok()) {
          start = *std::move(made);
        }
        return made.status();
      });
  if (!status.ok() || !start.started) {
    ended(status);
    return;
  }
  start.spec.set_threads(order.threads);
  start.spec.set_memory_limit_bytes(options_.memory_limit_bytes);
  const auto attempt = std::make_shared<Attempt>();
  attempt->running.dir = absl::StrCat(
      options_.attempts_folder, "/", order.job, "-", start.spec.attempt());
  attempt->running.start = order.start;
  attempt->running.queue_seconds = Seconds(order.ready, order.start);
  attempt->running.spec = std::move(start.spec);
  attempt->control = order.control;
  attempt->ended = std::move(ended);
  if (!start.inputs.ok()) {
    Finish(*attempt, FailedAttempt(start.inputs));
    return;
  }
  Execute(attempt);
}

void AttemptRunner::Execute(const std::shared_ptr<Attempt>& attempt) {
  const RunningAttempt& running = attempt->running;
  const absl::Status written =
      WriteAttemptDirectory(artifacts_, running.dir, running.spec);
  if (!written.ok()) {
    Finish(*attempt, FailedAttempt(written));
    return;
  }
  AttemptTask task;
  task.dir = running.dir;
  task.token = running.spec.token();
  task.stop = attempt->control->flag();
  task.sink = std::make_shared<BoardSink>(
      progress_, running.spec.job_id(), running.spec.attempt());
  task.done = [this, attempt](const absl::Status& status) {
    Finish(
        *attempt,
        ConcludeAttempt(
            artifacts_, attempt->running, status, attempt->control->cause()));
  };
  executor_.Start(std::move(task));
}

void AttemptRunner::Finish(Attempt& attempt, const AttemptEnd& end) {
  const RunningAttempt& running = attempt.running;
  // A result is not given up because the store cannot take it now: the disk may
  // have room again. When the server stops instead, the job runs anew.
  while (true) {
    const absl::Status status = writer_.WriteAndWait(
        [&](Connection& connection, JobTransitions& transitions) {
          return CommitAttemptEnd(connection, transitions, running, end);
        });
    if (status.ok()) {
      break;
    }
    spdlog::error("cannot store the end of job {} attempt {}: {}",
                  running.spec.job_id(),
                  running.spec.attempt(),
                  std::string(status.message()));
    if (!attempt.control->WaitToRetry()) {
      break;
    }
  }
  RemoveDirectory(running.dir);
  progress_->Remove(running.spec.job_id());
  attempt.ended(absl::OkStatus());
}

}  // namespace modbound
