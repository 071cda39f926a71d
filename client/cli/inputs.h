#ifndef MODBOUND_CLIENT_CLI_INPUTS_H_
#define MODBOUND_CLIENT_CLI_INPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/input_file.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"

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
  std::vector<InputFile> files;  // of the name at the same place
};

// Opens every NAME=FILE of `inputs` and writes every NAME=JOB[/OUTPUT] of
// `from` into `job`. What was left out of a file is told on standard error.
// Errors: kInvalidArgument: malformed, a name twice; those of OpenInputFile.
absl::StatusOr<InputFiles> ReadInputs(const std::vector<std::string>& inputs,
                                      const std::vector<std::string>& from,
                                      v1::Job& job);

// The note of a file on standard error, if it has one.
void PrintNote(const InputFile& file);

// Gives a matrix of one row or one column the shape of a vector, where the file
// could not hold one and the kind's input of that name takes one axis: labels
// (N) that MATLAB keeps as (N, 1).
void FitToKind(const v1::KindInfo& kind, InputFiles& files);

// Writes the files into `job`, which is of `kind`: small ones inside, others
// uploaded. Asks the server for the kind's inputs where FitToKind may change
// one.
absl::Status SendInputs(Connection& connection,
                        const std::string& kind,
                        InputFiles& files,
                        v1::Job& job);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_INPUTS_H_
