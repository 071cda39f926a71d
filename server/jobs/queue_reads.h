#ifndef MODBOUND_SERVER_JOBS_QUEUE_READS_H_
#define MODBOUND_SERVER_JOBS_QUEUE_READS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/server.pb.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

// Every job that has not ended, as if it had just got its state: what a new
// scheduler starts from. In the order of submission.
absl::StatusOr<std::vector<StateChange>> LoadUnendedJobs(
    Connection& connection);

// Jobs by state; the cores are the scheduler's.
absl::StatusOr<v1::QueueState> CountJobs(Connection& connection);

// The greatest id ever given that is still there; "" when there is none.
absl::StatusOr<std::string> GreatestJobId(Connection& connection);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_QUEUE_READS_H_
