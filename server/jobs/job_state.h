#ifndef MODBOUND_SERVER_JOBS_JOB_STATE_H_
#define MODBOUND_SERVER_JOBS_JOB_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

using JobStateEnum = v1::JobState::State;

// The four ends are numbered after the states that lead to them; SQL relies on
// it ("state < 4" = has not ended).
static_assert(v1::JobState::WAITING == 1 && v1::JobState::QUEUED == 2 &&
              v1::JobState::RUNNING == 3 && v1::JobState::SUCCEEDED == 4);

inline bool HasEnded(JobStateEnum state) {
  return state >= v1::JobState::SUCCEEDED;
}

// "RUNNING", ...
std::string StateWord(JobStateEnum state);

// A client's word as it may stand in a message: control and non-ASCII
// characters escaped, shortened.
std::string Quoted(const std::string& text);

// Errors that several calls give.
absl::Status JobNotFound(const std::string& id);
absl::Status ServerStopping();
absl::Status JobCancelled();

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_STATE_H_
