#ifndef MODBOUND_CLIENT_CLI_INPUTS_H_
#define MODBOUND_CLIENT_CLI_INPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/npy.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

// "KEY=VALUE" taken apart at the first '='.
struct Assignment {
  std::string key;
  std::string value;
};

// `option` is named in the error. Errors: kInvalidArgument without '=' or with
// an empty key.
absl::StatusOr<Assignment> ParseAssignment(const std::string& option,
                                           const std::string& text);

// JOB or JOB/OUTPUT (OUTPUT may contain '/') -> a reference to that output.
// Errors: kInvalidArgument when JOB is empty, or OUTPUT after a '/'.
absl::StatusOr<v1::Array> ParseFrom(const std::string& text);

// What --input and --from ask for, checked before anything is sent.
struct InputFiles {
  std::vector<std::string> names;
  std::vector<NpyFile> files;  // of the name at the same place
};

// Opens every NAME=FILE of `inputs` and writes every NAME=JOB[/OUTPUT] of
// `from` into `job`.
// Errors: kInvalidArgument: malformed, a name twice, a file that is no .npy
// file of an allowed dtype.
absl::StatusOr<InputFiles> ReadInputs(const std::vector<std::string>& inputs,
                                      const std::vector<std::string>& from,
                                      v1::Job& job);

// Writes the files into `job`: small ones inside, others uploaded.
absl::Status SendInputs(Connection& connection,
                        const InputFiles& files,
                        v1::Job& job);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_INPUTS_H_
