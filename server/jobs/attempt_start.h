#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_START_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_START_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/internal/attempt.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

// What the start of an attempt came to.
struct AttemptStart {
  // False: the job is not QUEUED any more.
  bool started = false;
  // job_id, attempt, token, spec, inputs.
  internal::AttemptSpec spec;
  // Why the attempt cannot run although it was started: an input is gone.
  absl::Status inputs;
};

// QUEUED -> RUNNING inside a Database change; looks up the artifacts behind the
// job's inputs and notes that it uses them. Errors: only those of the store.
absl::StatusOr<AttemptStart> StartAttempt(Connection& connection,
                                          JobTransitions& transitions,
                                          const std::string& job,
                                          const std::string& token);

// Writes into a new `dir` what RunAttempt needs: attempt.binpb and the
// inputs.
absl::Status FillAttemptDirectory(ArtifactStore& artifacts,
                                  const std::string& dir,
                                  internal::AttemptSpec spec);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_START_H_
