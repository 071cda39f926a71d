#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_END_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_END_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "modbound/internal/attempt.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/attempt_control.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

// An attempt that was started.
struct RunningAttempt {
  std::string dir;
  internal::AttemptSpec spec;
  SteadyTime start;
  double queue_seconds = 0;

  AttemptKey key() const {
    return {spec.job_id(), spec.attempt(), spec.token()};
  }
};

// How an attempt ended, ready to be committed.
struct AttemptEnd {
  // An error: back to QUEUED for this reason, because the server stops or the
  // machine is short of something (IsShortage). OK: `end`.
  absl::Status put_back;
  // With put_back: the attempt counts as lost so (JobTransitions::Lose).
  std::optional<Loss> loss;
  // The job's time was over: counts even when its owner cancelled it.
  bool out_of_time = false;
  JobEnd end;
  // The outputs, whose bytes are safe: of SUCCEEDED, and of a failure that has
  // some to keep.
  std::vector<StagedArtifact> outputs;

  bool HasResult() const {
    return end.state == v1::JobState::SUCCEEDED || !outputs.empty();
  }
};

// Judges an attempt that came back from its executor with `status`, having been
// stopped for `cause`; makes its outputs durable.
AttemptEnd ConcludeAttempt(ArtifactStore& artifacts,
                           const RunningAttempt& attempt,
                           const absl::Status& status,
                           StopCause cause);

// FAILED with `error`; put back when it is a shortage.
AttemptEnd FailedAttempt(const absl::Status& error);

// The end in words for the job's log, of an attempt stopped for `cause`.
std::string EndText(const AttemptEnd& end, StopCause cause);

// How many attempts a job may lose, 0 = no limit: JobQueueOptions.
struct LossLimits {
  int lost = 0;
  int worker_faults = 0;
};

// Commits the end inside a Database change, together with the rows of the
// outputs; CANCELLED when the owner asked for that before; FAILED instead of
// put back when it was the last that `limits` allow. Does nothing when the
// attempt does not hold the job any more. Errors: those of the store;
// kResourceExhausted QUOTA_EXCEEDED when the outputs would pass a limit of
// stored bytes (DoesNotFit): the job must end otherwise.
absl::Status CommitAttemptEnd(Connection& connection,
                              JobTransitions& transitions,
                              const ArtifactStore& artifacts,
                              const RunningAttempt& attempt,
                              const AttemptEnd& end,
                              const LossLimits& limits);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_END_H_
