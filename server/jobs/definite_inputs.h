#ifndef MODBOUND_SERVER_JOBS_DEFINITE_INPUTS_H_
#define MODBOUND_SERVER_JOBS_DEFINITE_INPUTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/store/database.h"

namespace modbound {

// The artifacts behind the inputs of a stored job, all of whose needs have
// ended, by name. Errors: kNotFound JOB_NOT_FOUND, OUTPUT_NOT_FOUND
// "inputs.NAME" when the job that should have made one is gone or made none.
absl::StatusOr<std::map<std::string, v1::Array>> DefiniteInputs(
    Connection& connection, const v1::Job& job);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_DEFINITE_INPUTS_H_
