#include "server/jobs/attempt_runner.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"
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
    spdlog::warn(
        "event=not_removed path=\"{}\" error=\"{}\"", dir, error.message());
  }
}

}  // namespace

struct AttemptRunner::Attempt {
  Order order;
  Ended ended;
  AttemptStart start;
  RunningAttempt running;
  std::optional<AttemptEnd> end;
};

absl::Status AttemptRunner::Run(const Order& order, Ended ended) {
  const auto attempt = std::make_shared<Attempt>();
  attempt->order = order;
  attempt->ended = std::move(ended);
  return threads_.Start([this, attempt] { Begin(attempt); })
             ? absl::OkStatus()
             : MakeError(absl::StatusCode::kUnavailable,
                         "OVERLOADED",
                         "",
                         "the machine has no thread left for a start");
}

void AttemptRunner::Begin(const std::shared_ptr<Attempt>& attempt) {
  const absl::Status started =
      Guarded([&] { return Start(*attempt); }, ShortOfMemory);
  if (!started.ok() || !attempt->start.started) {
    attempt->ended(started);
    return;
  }
  const absl::Status executed =
      Guarded([&] { return Execute(attempt); }, ShortOfMemory);
  if (!executed.ok()) {
    Finish(*attempt, executed);
  }
}

// QUEUED -> RUNNING. Once that is committed nothing here may fail any more.
absl::Status AttemptRunner::Start(Attempt& attempt) {
  if (attempt.order.control->cause() == StopCause::kDrain) {
    return absl::OkStatus();
  }
  MODBOUND_RETURN_IF_ERROR(database_.CheckSpace());
  AttemptStart made;
  MODBOUND_RETURN_IF_ERROR(writer_.WriteAndWait(
      [&, token = NewAttemptToken()](
          Connection& connection, JobTransitions& transitions) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            made,
            StartAttempt(connection, transitions, attempt.order.job, token));
        return absl::OkStatus();
      }));
  attempt.start = std::move(made);
  return absl::OkStatus();
}

absl::Status AttemptRunner::Execute(const std::shared_ptr<Attempt>& attempt) {
  const Order& order = attempt->order;
  RunningAttempt& running = attempt->running;
  running.spec = std::move(attempt->start.spec);
  running.start = order.start;
  running.queue_seconds = Seconds(order.ready, order.start);
  MODBOUND_RETURN_IF_ERROR(attempt->start.inputs);
  running.spec.set_threads(order.threads);
  running.spec.set_memory_limit_bytes(options_.memory_limit_bytes);
  running.dir = absl::StrCat(
      options_.attempts_folder, "/", order.job, "-", running.spec.attempt());
  MODBOUND_RETURN_IF_ERROR(
      WriteAttemptDirectory(artifacts_, running.dir, running.spec));
  AttemptTask task;
  task.dir = running.dir;
  task.token = running.spec.token();
  task.stop = order.control->flag();
  task.sink =
      std::make_shared<BoardSink>(progress_, order.job, running.spec.attempt());
  task.done = [this, attempt](const absl::Status& status) {
    Finish(*attempt, status);
  };
  executor_.Start(std::move(task));
  return absl::OkStatus();
}

// A result is not given up because the store cannot take it now: the disk may
// have room again. When the server stops instead, the job runs anew.
void AttemptRunner::Finish(Attempt& attempt, const absl::Status& status) {
  const std::string& job = attempt.order.job;
  while (true) {
    const absl::Status stored =
        Guarded([&] { return StoreEnd(attempt, status); }, ShortOfMemory);
    if (stored.ok()) {
      break;
    }
    spdlog::error("event=end_not_stored job={} attempt={} error=\"{}\"",
                  job,
                  attempt.running.spec.attempt(),
                  LogText(stored));
    if (!attempt.order.control->WaitToRetry()) {
      break;
    }
  }
  RemoveDirectory(attempt.running.dir);
  progress_->Remove(job);
  absl::Status shortage;
  if (attempt.end.has_value() && IsShortage(attempt.end->put_back)) {
    shortage = attempt.end->put_back;
  }
  // Outputs that were not committed go, before anybody takes this for over.
  attempt.end.reset();
  attempt.ended(shortage);
}

absl::Status AttemptRunner::StoreEnd(Attempt& attempt,
                                     const absl::Status& status) {
  const RunningAttempt& running = attempt.running;
  if (!attempt.end.has_value()) {
    attempt.end = ConcludeAttempt(
        artifacts_, running, status, attempt.order.control->cause());
  }
  AttemptEnd& end = *attempt.end;
  if (end.end.state != v1::JobState::SUCCEEDED) {
    // Before the commit, which on a full disk may need the room.
    RemoveDirectory(running.dir);
    // Room for others, but not for this job: its own fault, so not forever.
    end.lost =
        absl::IsResourceExhausted(end.put_back) && database_.CheckSpace().ok();
  }
  return writer_.WriteAndWait(
      [&](Connection& connection, JobTransitions& transitions) {
        return CommitAttemptEnd(
            connection, transitions, running, end, options_.max_lost_attempts);
      });
}

}  // namespace modbound
