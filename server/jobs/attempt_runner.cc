#include "server/jobs/attempt_runner.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/errors/error_status.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"
#include "server/jobs/attempt_log.h"
#include "server/jobs/attempt_start.h"
#include "server/jobs/cache_key.h"
#include "server/jobs/job_id.h"
#include "server/jobs/result_room.h"
#include "server/jobs/usage_rows.h"

namespace modbound {
namespace {

// Of all that the result depends on.
std::string KeyOf(const internal::AttemptSpec& spec) {
  std::map<std::string, v1::Array> inputs;
  for (const auto& [name, file] : spec.inputs()) {
    inputs[name] = file.array();
  }
  return CacheKey(spec.spec(), inputs);
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
        ReachFailpoint(Failpoint::kStartWritten);
        return absl::OkStatus();
      }));
  attempt.start = std::move(made);
  ReachFailpoint(Failpoint::kStartCommitted);
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
  running.spec.set_checkpoint_key(KeyOf(running.spec));
  running.spec.set_checkpoint_seconds(options_.checkpoint_seconds);
  absl::Status written = directories_.Make(running.dir);
  if (written.ok()) {
    written = FillAttemptDirectory(artifacts_, running.dir, running.spec);
  }
  if (ReasonOf(written) == reason::kMemoryLimit) {
    // The server's shortage, not the job's.
    written = ShortOfMemory();
  }
  MODBOUND_RETURN_IF_ERROR(written);
  ReachFailpoint(Failpoint::kStartDirectoryMade);
  checkpoints_.Give(order.job, running.dir);
  ReachFailpoint(Failpoint::kStartCheckpointGiven);
  AttemptTask task;
  task.dir = running.dir;
  task.token = running.spec.token();
  task.threads = order.threads;
  task.memory_bytes = order.memory_bytes;
  task.stop = order.control->flag();
  task.sink = std::make_shared<AttemptLog>(
      progress_, logs_, order.job, running.spec.attempt());
  task.sink->Log(absl::StrCat("started with ",
                              order.threads,
                              order.threads == 1 ? " thread" : " threads",
                              ", estimate ",
                              order.memory_bytes,
                              " bytes"));
  task.done = [this, attempt](const absl::Status& status) {
    attempt->order.computed();
    Finish(*attempt, status);
  };
  order.computes();
  executor_.Start(std::move(task));
  return absl::OkStatus();
}

// A result is not given up because the store cannot take it now: the disk may
// have room again. When the server stops instead, the job goes on from its last
// checkpoint.
void AttemptRunner::Finish(Attempt& attempt, const absl::Status& status) {
  const std::string& job = attempt.order.job;
  while (true) {
    const absl::Status stored =
        Guarded([&] { return StoreEnd(attempt, status); }, ShortOfMemory);
    if (stored.ok()) {
      ReachFailpoint(Failpoint::kEndCommitted);
      break;
    }
    IfMemory([&] {
      spdlog::error("event=end_not_stored job={} attempt={} error=\"{}\"",
                    job,
                    attempt.running.spec.attempt(),
                    LogText(stored));
    });
    if (!attempt.order.control->WaitToRetry(options_.retry_seconds)) {
      UntilMemory([&] { checkpoints_.Keep(job, attempt.running.dir); });
      break;
    }
  }
  progress_->Remove(job);
  absl::Status shortage;
  UntilMemory([&] {
    if (attempt.end.has_value() && IsShortage(attempt.end->put_back)) {
      shortage = attempt.end->put_back;
    }
  });
  // Outputs that were not committed go, and last the directory, before anybody
  // takes this for over.
  const bool succeeded = attempt.end.has_value() &&
                         attempt.end->end.state == v1::JobState::SUCCEEDED;
  attempt.end.reset();
  UntilMemory([&] {
    if (succeeded) {
      directories_.Release(attempt.running.dir);
    } else {
      AttemptDirectories::Remove(attempt.running.dir);
    }
  });
  ReachFailpoint(Failpoint::kEndDirectoryRemoved);
  attempt.ended(shortage);
}

absl::Status AttemptRunner::StoreEnd(Attempt& attempt,
                                     const absl::Status& status) {
  const RunningAttempt& running = attempt.running;
  if (!attempt.end.has_value()) {
    attempt.end = ConcludeAttempt(
        artifacts_, running, status, attempt.order.control->cause());
    LogEnd(attempt);
  }
  AttemptEnd& end = *attempt.end;
  if (end.end.state != v1::JobState::SUCCEEDED) {
    if (!end.put_back.ok()) {
      checkpoints_.Keep(attempt.order.job, running.dir);
      ReachFailpoint(Failpoint::kStopCheckpointKept);
    }
    // Before the commit, which on a full disk may need the room; but not the
    // checkpoint of a job that has something to lose.
    if (!end.HasResult()) {
      AttemptDirectories::Remove(running.dir);
    }
    // Room for others, but not for this job: its own fault, so not forever.
    if (absl::IsResourceExhausted(end.put_back) &&
        database_.CheckSpace().ok()) {
      end.loss = Loss::kServer;
    }
  }
  const absl::Status stored = CommitEnd(attempt);
  if (!end.HasResult() || !DoesNotFit(stored)) {
    return stored;
  }
  // Nothing was stored, and its outputs go with the end that they were of.
  logs_.Append(attempt.order.job,
               absl::StrCat("attempt ",
                            running.spec.attempt(),
                            ": its arrays are not kept: ",
                            stored.message()));
  AttemptEnd failed;
  failed.end = EndedBy(v1::JobState::FAILED,
                       end.end.state == v1::JobState::SUCCEEDED
                           ? stored
                           : FromRpcStatus(end.end.result.error()));
  attempt.end = std::move(failed);
  LogEnd(attempt);
  return CommitEnd(attempt);
}

absl::Status AttemptRunner::CommitEnd(const Attempt& attempt) {
  return writer_.WriteAndWait([&](Connection& connection,
                                  JobTransitions& transitions) -> absl::Status {
    MODBOUND_RETURN_IF_ERROR(CommitAttemptEnd(
        connection,
        transitions,
        artifacts_,
        attempt.running,
        *attempt.end,
        {options_.max_lost_attempts, options_.max_worker_attempts}));
    const Order& order = attempt.order;
    MODBOUND_RETURN_IF_ERROR(AddUsage(
        connection,
        order.owner,
        order.threads * Seconds(order.start, std::chrono::steady_clock::now()),
        options_.usage_half_life,
        WallMicros()));
    ReachFailpoint(Failpoint::kEndWritten);
    return absl::OkStatus();
  });
}

// Before the end is committed: whoever sees the end sees the whole log.
void AttemptRunner::LogEnd(const Attempt& attempt) {
  const std::string& job = attempt.order.job;
  logs_.Append(
      job,
      absl::StrCat("attempt ",
                   attempt.running.spec.attempt(),
                   ": ends: ",
                   EndText(*attempt.end, attempt.order.control->cause())));
  if (attempt.end->end.state != v1::JobState::SUCCEEDED) {
    logs_.Sync(job);
  }
}

}  // namespace modbound
