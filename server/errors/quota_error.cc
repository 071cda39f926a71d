#include "server/errors/quota_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "google/rpc/error_details.pb.h"

namespace modbound {
namespace {

// An ErrorInfo of the numbers alone.
constexpr char kQuotaUrl[] = "modbound/quota";

}  // namespace

absl::Status QuotaError(std::string_view reason,
                        const Quota& quota,
                        std::string_view advice) {
  std::string message = absl::StrCat(
      quota.owner.empty() ? "the server" : absl::string_view(quota.owner),
      " has ",
      quota.current,
      " ",
      quota.unit,
      "; ",
      quota.requested,
      " more would pass the limit of ",
      quota.limit);
  if (!quota.flag.empty()) {
    absl::StrAppend(&message, " (", quota.flag, ")");
  }
  if (!advice.empty()) {
    absl::StrAppend(&message, ": ", std::string(advice));
  }
  absl::Status error =
      MakeError(absl::StatusCode::kResourceExhausted, reason, "", message);
  google::rpc::ErrorInfo numbers;
  auto& metadata = *numbers.mutable_metadata();
  metadata["limit"] = absl::StrCat(quota.limit);
  metadata["current"] = absl::StrCat(quota.current);
  metadata["requested"] = absl::StrCat(quota.requested);
  metadata["unit"] = quota.unit;
  if (!quota.flag.empty()) {
    metadata["flag"] = quota.flag;
  }
  if (!quota.owner.empty()) {
    metadata["owner"] = quota.owner;
  }
  error.SetPayload(kQuotaUrl, absl::Cord(numbers.SerializeAsString()));
  return error;
}

void AddQuotaDetails(const absl::Status& status, google::rpc::Status& out) {
  const auto payload = status.GetPayload(kQuotaUrl);
  google::rpc::ErrorInfo numbers;
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !numbers.ParseFromString(std::string(*payload)) ||
      out.details_size() == 0 || !out.details(0).UnpackTo(&info)) {
    return;
  }
  *info.mutable_metadata() = numbers.metadata();
  out.mutable_details(0)->PackFrom(info);
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  const auto owner = numbers.metadata().find("owner");
  violation->set_subject(owner == numbers.metadata().end()
                             ? "server"
                             : absl::StrCat("owner:", owner->second));
  violation->set_description(out.message());
  out.add_details()->PackFrom(failure);
}

}  // namespace modbound
