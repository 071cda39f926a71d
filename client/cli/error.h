#ifndef MODBOUND_CLIENT_CLI_ERROR_H_
#define MODBOUND_CLIENT_CLI_ERROR_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

// Errors of the client: absl::Status with the reason and the field that the
// server gave, or that the client found itself before it sent anything.
namespace modbound {
// core/base/error.h has functions of the same names. No source may include
// both; this namespace is for the linker, as tests link both.
inline namespace client {

// What the program's exit code tells a script.
enum ExitCode {
  kExitOk = 0,
  kExitInternal = 1,
  kExitUsage = 2,  // used wrongly, or the server refused
  kExitJobFailed = 3,
  kExitJobCancelled = 4,
  kExitAuthentication = 5,
  kExitUnavailable = 6,
  // Detached or broken off by Ctrl-C: what shells give for SIGINT, so that
  // `modbound run ... && next` does not go on without results.
  kExitInterrupted = 130,
};

// Error with `reason` (a word of ErrorReason or "") and `field` ("" = none).
absl::Status MakeError(absl::StatusCode code,
                       std::string_view reason,
                       std::string_view field,
                       std::string_view message);

// kInvalidArgument without a reason: the command line itself, or a file.
absl::Status UsageError(std::string_view message);

// Ctrl-C: exit code kExitInterrupted.
absl::Status InterruptedError(std::string_view message);

// The same error with an exit code of its own, whatever its status code says.
absl::Status WithExitCode(absl::Status status, ExitCode exit_code);

std::string ReasonOf(const absl::Status& status);
std::string FieldOf(const absl::Status& status);

// The same error with `prefix` before its message.
absl::Status WithContext(const absl::Status& status, std::string_view prefix);

// From the answer of a call: code, message, and from the
// grpc-status-details-bin trailer the reason and the first refused field.
absl::Status FromGrpc(const grpc::Status& status);

// From the error stored in a job.
absl::Status FromRpcStatus(const google::rpc::Status& status);

ExitCode ExitCodeOf(const absl::Status& status);

// "error: MESSAGE [REASON FIELD]", in one line whatever the message holds; for
// an interruption, which is no error, the message alone.
std::string ErrorLine(const absl::Status& status);

// View of a status' message in the standard library's type.
std::string MessageOf(const absl::Status& status);

}  // namespace client
}  // namespace modbound

// Returns from the calling function when `expr` is an error.
#define MODBOUND_RETURN_IF_ERROR(expr)                                  \
  do {                                                                  \
    if (absl::Status modbound_status = (expr); !modbound_status.ok()) { \
      return modbound_status;                                           \
    }                                                                   \
  } while (false)

#define MODBOUND_CONCAT_INNER(a, b) a##b
#define MODBOUND_CONCAT(a, b) MODBOUND_CONCAT_INNER(a, b)
#define MODBOUND_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                                    \
  if (!result.ok()) {                                      \
    return std::move(result).status();                     \
  }                                                        \
  lhs = *std::move(result)
// `lhs` = the value of the StatusOr `expr`, or returns its error.
#define MODBOUND_ASSIGN_OR_RETURN(lhs, expr) \
  MODBOUND_ASSIGN_OR_RETURN_INNER(           \
      MODBOUND_CONCAT(modbound_result_, __LINE__), lhs, expr)

#endif  // MODBOUND_CLIENT_CLI_ERROR_H_
