#include "client/cli/error.h"

#include <optional>

#include "absl/strings/cord.h"
#include "client/cli/one_line.h"
#include "google/rpc/error_details.pb.h"

namespace modbound {
inline namespace client {
namespace {

constexpr char kReason[] = "modbound/reason";
constexpr char kField[] = "modbound/field";
constexpr char kExitCode[] = "modbound/exit_code";

std::string Payload(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status MakeError(absl::StatusCode code,
                       std::string_view reason,
                       std::string_view field,
                       std::string_view message) {
  absl::Status status(code, {message.data(), message.size()});
  if (!reason.empty()) {
    status.SetPayload(kReason, absl::Cord({reason.data(), reason.size()}));
  }
  if (!field.empty()) {
    status.SetPayload(kField, absl::Cord({field.data(), field.size()}));
  }
  return status;
}

absl::Status UsageError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "", "", message);
}

absl::Status InterruptedError(std::string_view message) {
  return WithExitCode(MakeError(absl::StatusCode::kAborted, "", "", message),
                      kExitInterrupted);
}

absl::Status WithExitCode(absl::Status status, ExitCode exit_code) {
  status.SetPayload(kExitCode, absl::Cord(std::to_string(exit_code)));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  return Payload(status, kReason);
}

std::string FieldOf(const absl::Status& status) {
  return Payload(status, kField);
}

absl::Status WithContext(const absl::Status& status, std::string_view prefix) {
  if (status.ok()) {
    return status;
  }
  absl::Status longer(status.code(),
                      std::string(prefix) + ": " + MessageOf(status));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    longer.SetPayload(url, payload);
  });
  return longer;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  std::string reason;
  std::string field;
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) {
      reason = info.reason();
    } else if (detail.Is<google::rpc::BadRequest>() &&
               detail.UnpackTo(&bad_request) &&
               bad_request.field_violations_size() > 0) {
      field = bad_request.field_violations(0).field();
    }
  }
  return MakeError(static_cast<absl::StatusCode>(status.code()),
                   reason,
                   field,
                   status.message());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  google::rpc::Status details;
  if (!status.error_details().empty() &&
      details.ParseFromString(status.error_details()) && details.code() != 0) {
    return FromRpcStatus(details);
  }
  return MakeError(static_cast<absl::StatusCode>(status.error_code()),
                   "",
                   "",
                   status.error_message());
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (const std::string code = Payload(status, kExitCode); !code.empty()) {
    return static_cast<ExitCode>(std::stoi(code));
  }
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kFailedPrecondition:
      return kExitUsage;
    case absl::StatusCode::kCancelled:
      return kExitJobCancelled;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitAuthentication;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    default:
      return kExitInternal;
  }
}

std::string ErrorLine(const absl::Status& status) {
  std::string message = MessageOf(status);
  if (message.empty()) {
    message = absl::StatusCodeToString(status.code());
  }
  if (ExitCodeOf(status) == kExitInterrupted) {
    return OneLine(message);
  }
  std::string line = "error: " + message;
  const std::string reason = ReasonOf(status);
  const std::string field = FieldOf(status);
  if (!reason.empty() || !field.empty()) {
    line += " [" + reason + (reason.empty() || field.empty() ? "" : " ") +
            field + "]";
  }
  return OneLine(line);
}

std::string MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace client
}  // namespace modbound
