#ifndef MODBOUND_CLIENT_CLI_RESULT_H_
#define MODBOUND_CLIENT_CLI_RESULT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/connection.h"
#include "client/cli/interrupt.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// Whether a job has ended.
bool HasEnded(v1::JobState::State state);

// OK for SUCCEEDED; else the job's error with exit code 3 (FAILED, SKIPPED) or
// 4 (CANCELLED). Needs a job that has ended.
absl::Status EndOf(const v1::Job& job);

// Leaves what an ended job found in `folder`: NAME.npy for every output (also
// those that a training that DIVERGED kept), inputs/NAME.npy for every input
// when `inputs`, and last summary.json, so that its presence says that the rest
// is there.
// A former job's result in `folder` goes first: its summary.json, and of the
// arrays that this one names in `outputs` those that the new job does not
// replace and whose elements still are what was downloaded then. Everything
// else stays: files of other names, arrays that were changed since, inputs/.
absl::Status WriteResult(Connection& connection,
                         const v1::Job& job,
                         const std::string& folder,
                         bool inputs,
                         Interrupt& interrupt);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_RESULT_H_
