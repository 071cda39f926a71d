#ifndef MODBOUND_SERVER_JOBS_RECONCILE_H_
#define MODBOUND_SERVER_JOBS_RECONCILE_H_

#include <string>

#include "absl/status/status.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

// Brings every job that had not ended to a state from which it can go on, after
// the server came to an end in whatever way: RUNNING -> QUEUED, its attempt
// fenced off (its token is gone) and lost, or CANCELLED when that had been
// asked for; WAITING for jobs that have all ended -> QUEUED or SKIPPED. A job
// that was RUNNING for the `max_lost_attempts`-th time (0 = no limit) may be
// what ends the server: FAILED with ATTEMPTS_EXHAUSTED.
absl::Status ReconcileJobs(Connection& connection,
                           JobTransitions& transitions,
                           int max_lost_attempts);

// DATA_DIR/attempts, where attempts have their directories.
std::string AttemptsFolder(const std::string& data_dir);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RECONCILE_H_
