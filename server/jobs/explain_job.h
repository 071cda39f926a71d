#ifndef MODBOUND_SERVER_JOBS_EXPLAIN_JOB_H_
#define MODBOUND_SERVER_JOBS_EXPLAIN_JOB_H_

#include <string>

#include "absl/status/status.h"
#include "modbound/v1/job.pb.h"
#include "server/jobs/scheduler.h"
#include "server/store/database.h"

namespace modbound {

// Adds to an explanation, whose state is set, what a WAITING job waits for.
absl::Status ExplainNeeds(Connection& connection,
                          const v1::Job& job,
                          v1::Explanation& explanation);

// Adds what the scheduler knows of a QUEUED job.
void ExplainQueued(const Scheduler::Why& why, v1::Explanation& explanation);

// Explanation.text of the other fields.
std::string WaitText(const v1::Explanation& explanation);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_EXPLAIN_JOB_H_
