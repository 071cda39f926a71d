#ifndef MODBOUND_SERVER_ANALYSES_JOB_PATH_H_
#define MODBOUND_SERVER_ANALYSES_JOB_PATH_H_

#include "absl/status/status.h"
#include "server/analyses/analysis.h"

namespace modbound {

// The error with the path of its field in the job: core and the kinds name a
// field of their options or an input ("gamma", "matrix"), a job's error says
// "spec.quality.gamma" or "inputs.matrix".
absl::Status WithJobPath(const absl::Status& status, const Analysis& analysis);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_JOB_PATH_H_
