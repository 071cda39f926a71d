#include "core/base/error.h"

#include "absl/strings/cord.h"

namespace modbound {
namespace {

constexpr char kReasonUrl[] = "modbound/reason";
constexpr char kFieldUrl[] = "modbound/field";
constexpr char kDetailUrl[] = "modbound/detail";

absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

std::string Payload(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status MakeError(absl::StatusCode code,
                       std::string_view reason,
                       std::string_view field,
                       std::string_view message) {
  absl::Status status(code, ToAbsl(message));
  status.SetPayload(kReasonUrl, absl::Cord(ToAbsl(reason)));
  if (!field.empty()) {
    status.SetPayload(kFieldUrl, absl::Cord(ToAbsl(field)));
  }
  return status;
}

absl::Status Refuse(std::string_view reason,
                    std::string_view field,
                    std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, field, message);
}

std::string ReasonOf(const absl::Status& status) {
  std::string reason = Payload(status, kReasonUrl);
  return reason.empty() ? reason::kInternal : reason;
}

std::string FieldOf(const absl::Status& status) {
  return Payload(status, kFieldUrl);
}

absl::Status WithFieldPrefix(const absl::Status& status,
                             std::string_view prefix) {
  const std::string field = FieldOf(status);
  if (status.ok() || field.empty()) {
    return status;
  }
  absl::Status prefixed = status;
  prefixed.SetPayload(kFieldUrl, absl::Cord(std::string(prefix) + field));
  return prefixed;
}

absl::Status WithDetail(const absl::Status& status, std::string_view detail) {
  absl::Status detailed = status;
  detailed.SetPayload(kDetailUrl, absl::Cord(ToAbsl(detail)));
  return detailed;
}

std::string LogText(const absl::Status& status) {
  const std::string detail = Payload(status, kDetailUrl);
  std::string text(status.message());
  return detail.empty() ? text : text + " (" + detail + ")";
}

}  // namespace modbound
