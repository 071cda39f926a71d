#include "server/errors/error_status.h"

#include <string>

#include "core/base/error.h"
#include "google/rpc/error_details.pb.h"
#include "server/errors/quota_error.h"

namespace modbound {

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  if (status.ok()) {
    return out;
  }
  out.set_message(std::string(status.message()));
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status));
  info.set_domain("modbound");
  out.add_details()->PackFrom(info);
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad_request;
    auto* violation = bad_request.add_field_violations();
    violation->set_field(field);
    violation->set_description(out.message());
    out.add_details()->PackFrom(bad_request);
  }
  AddQuotaDetails(status, out);
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  if (status.code() == 0) {
    return absl::OkStatus();
  }
  std::string reason;
  std::string field;
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&info)) {
      reason = info.reason();
    } else if (detail.UnpackTo(&bad_request) &&
               bad_request.field_violations_size() > 0) {
      field = bad_request.field_violations(0).field();
    }
  }
  return MakeError(static_cast<absl::StatusCode>(status.code()),
                   reason,
                   field,
                   status.message());
}

}  // namespace modbound
