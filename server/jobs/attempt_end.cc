#include "server/jobs/attempt_end.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt.h"
#include "server/executors/worker_end.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"
#include "server/files/until_memory.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/provenance.h"
#include "server/jobs/reproduce_job.h"
#include "server/jobs/result_room.h"

namespace modbound {
namespace {

// An end with everything that the attempt's result says.
absl::StatusOr<AttemptEnd> WithResult(ArtifactStore& artifacts,
                                      const RunningAttempt& attempt,
                                      internal::AttemptResult result) {
  AttemptEnd ended;
  ended.end.state = result.status().code() == 0 ? v1::JobState::SUCCEEDED
                                                : v1::JobState::FAILED;
  v1::Job& job = ended.end.result;
  for (const auto& [name, file] : result.outputs()) {
    const v1::Array& array = file.array();
    const int64_t size =
        NumElements({array.shape().begin(), array.shape().end()}) *
        ElementSize(array.dtype());
    MODBOUND_ASSIGN_OR_RETURN(
        StagedArtifact staged,
        file.has_small_bytes()
            ? artifacts.StageBytes(file.small_bytes())
            : artifacts.StageFile(absl::StrCat(attempt.dir, "/", file.path()),
                                  array.artifact(),
                                  size));
    if (staged.digest != array.artifact() || staged.size_bytes != size) {
      return MakeError(absl::StatusCode::kInternal,
                       reason::kInternal,
                       "",
                       absl::StrCat("output ",
                                    name,
                                    " does not have the size and digest that "
                                    "the attempt told"));
    }
    ended.outputs.push_back(std::move(staged));
    (*job.mutable_outputs())[name] = array;
  }
  ReachFailpoint(Failpoint::kResultStaged);
  *job.mutable_provenance() = ServerProvenance();
  AddAttempt(attempt.spec, result, *job.mutable_provenance());
  job.mutable_provenance()->set_queue_seconds(attempt.queue_seconds);
  *job.mutable_summary() = std::move(*result.mutable_summary());
  if (ended.end.state == v1::JobState::SUCCEEDED) {
    job.mutable_cache_info();
  } else {
    *job.mutable_error() = std::move(*result.mutable_status());
  }
  return ended;
}

absl::StatusOr<AttemptEnd> FromResult(ArtifactStore& artifacts,
                                      const RunningAttempt& attempt) {
  MODBOUND_ASSIGN_OR_RETURN(
      internal::AttemptResult result,
      ReadAttemptResult(attempt.dir, attempt.spec.token()));
  if (result.status().code() == 0 || result.outputs_size() > 0) {
    return WithResult(artifacts, attempt, std::move(result));
  }
  AttemptEnd ended;
  ended.end.state = v1::JobState::FAILED;
  *ended.end.result.mutable_error() = std::move(*result.mutable_status());
  return ended;
}

absl::StatusOr<bool> CancelRequested(Connection& connection,
                                     const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT cancel_requested FROM job WHERE id = ?1"));
  MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Bind(1, job).Step());
  return found && statement.Int(0) != 0;
}

absl::Status CommitResult(Connection& connection,
                          JobTransitions& transitions,
                          const ArtifactStore& artifacts,
                          const RunningAttempt& attempt,
                          const AttemptEnd& ended) {
  JobEnd end = ended.end;
  MODBOUND_RETURN_IF_ERROR(CheckResultFits(
      connection, artifacts, attempt.spec.job_id(), end.result));
  end.result.mutable_provenance()->set_wall_seconds(
      Seconds(attempt.start, std::chrono::steady_clock::now()));
  if (end.state == v1::JobState::SUCCEEDED &&
      !attempt.spec.reproduces().empty()) {
    MODBOUND_ASSIGN_OR_RETURN(
        *end.result.mutable_reproduction(),
        CompareWithSource(connection, attempt.spec.reproduces(), end.result));
  }
  MODBOUND_ASSIGN_OR_RETURN(const bool won,
                            transitions.EndAttempt(attempt.key(), end));
  if (!won) {
    return absl::OkStatus();
  }
  for (const StagedArtifact& output : ended.outputs) {
    MODBOUND_RETURN_IF_ERROR(ArtifactStore::Commit(connection, output));
    MODBOUND_RETURN_IF_ERROR(
        InsertArtifactUse(connection, attempt.spec.job_id(), output.digest));
  }
  return absl::OkStatus();
}

absl::Status WorkersExhausted(int most, const absl::Status& last) {
  return MakeError(absl::StatusCode::kAborted,
                   "ATTEMPTS_EXHAUSTED",
                   "",
                   absl::StrCat(most,
                                most == 1 ? " attempt was" : " attempts were",
                                " lost with their worker processes; the last"
                                " one with ",
                                ReasonOf(last),
                                ": ",
                                last.message(),
                                "; the limit is the server's flag"
                                " max_worker_attempts"));
}

// Back to QUEUED, counted, or FAILED when it was the last one.
absl::Status CommitLoss(JobTransitions& transitions,
                        const RunningAttempt& attempt,
                        const AttemptEnd& ended,
                        const LossLimits& limits) {
  const absl::Status& why = ended.put_back;
  const bool worker = *ended.loss == Loss::kWorker;
  const int most = worker ? limits.worker_faults : limits.lost;
  return transitions
      .Lose(attempt.key(),
            *ended.loss,
            why,
            most,
            worker ? WorkersExhausted(most, why) : why)
      .status();
}

// Clients get the message, the log also where it was.
void LogFault(const RunningAttempt& attempt, const absl::Status& status) {
  spdlog::warn("event=attempt_broken job={} attempt={} error=\"{}\"",
               attempt.spec.job_id(),
               attempt.spec.attempt(),
               LogText(status));
}

}  // namespace

AttemptEnd FailedAttempt(const absl::Status& error) {
  AttemptEnd ended;
  if (IsShortage(error)) {
    ended.put_back = error;
  }
  if (IsWorkerFault(error)) {
    ended.put_back = error;
    ended.loss = Loss::kWorker;
  }
  ended.end = EndedBy(v1::JobState::FAILED, error);
  return ended;
}

std::string EndText(const AttemptEnd& ended, StopCause cause) {
  if (cause == StopCause::kCancel && !ended.out_of_time) {
    return "cancelled by its owner";
  }
  if (ended.end.state == v1::JobState::SUCCEEDED) {
    const v1::Provenance& provenance = ended.end.result.provenance();
    return absl::StrCat("result of ",
                        ended.outputs.size(),
                        " arrays, reading ",
                        provenance.load_seconds(),
                        " s, computing ",
                        provenance.compute_seconds(),
                        " s");
  }
  const absl::Status error = ended.put_back.ok()
                                 ? FromRpcStatus(ended.end.result.error())
                                 : ended.put_back;
  return absl::StrCat(
      ended.loss.has_value() ? "lost: "
      : ended.put_back.ok()  ? "failed: "
                             : "put back: ",
      ReasonOf(error),
      ": ",
      error.message(),
      ended.outputs.empty()
          ? ""
          : absl::StrCat("; ", ended.outputs.size(), " arrays are kept"));
}

AttemptEnd ConcludeAttempt(ArtifactStore& artifacts,
                           const RunningAttempt& attempt,
                           const absl::Status& status,
                           StopCause cause) {
  if (const absl::Status error = TimeError(cause); !error.ok()) {
    AttemptEnd ended = FailedAttempt(error);
    ended.out_of_time = true;
    return ended;
  }
  if (!status.ok()) {
    LogFault(attempt, status);
    AttemptEnd ended = FailedAttempt(status);
    if (cause == StopCause::kDrain &&
        (absl::IsCancelled(status) || IsWorkerFault(status))) {
      // Whoever stops a server may stop all of its processes.
      ended.put_back = ServerStopping();
      ended.loss.reset();
    }
    return ended;
  }
  absl::StatusOr<AttemptEnd> ended =
      Guarded([&] { return FromResult(artifacts, attempt); }, ShortOfMemory);
  if (!ended.ok()) {
    // Not to be concluded again: outputs may have been taken away already.
    IfMemory([&] { LogFault(attempt, ended.status()); });
    UntilMemory([&] { ended = FailedAttempt(ended.status()); });
  }
  return *std::move(ended);
}

absl::Status CommitAttemptEnd(Connection& connection,
                              JobTransitions& transitions,
                              const ArtifactStore& artifacts,
                              const RunningAttempt& attempt,
                              const AttemptEnd& ended,
                              const LossLimits& limits) {
  MODBOUND_ASSIGN_OR_RETURN(const bool cancelled,
                            CancelRequested(connection, attempt.spec.job_id()));
  if (cancelled && !ended.out_of_time) {
    return transitions
        .EndAttempt(attempt.key(),
                    EndedBy(v1::JobState::CANCELLED, JobCancelled()))
        .status();
  }
  if (ended.loss.has_value()) {
    return CommitLoss(transitions, attempt, ended, limits);
  }
  if (!ended.put_back.ok()) {
    return transitions.Requeue(attempt.key(), ended.put_back).status();
  }
  if (ended.HasResult()) {
    return CommitResult(connection, transitions, artifacts, attempt, ended);
  }
  return transitions.EndAttempt(attempt.key(), ended.end).status();
}

}  // namespace modbound
