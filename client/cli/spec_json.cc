#include "client/cli/spec_json.h"

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/json_check.h"
#include "client/cli/nearest_name.h"
#include "google/protobuf/util/json_util.h"

namespace modbound {

std::vector<std::string> KindNames() {
  const google::protobuf::Descriptor& spec = *v1::Spec::descriptor();
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(spec.field_count()));
  for (int i = 0; i < spec.field_count(); ++i) {
    names.push_back(spec.field(i)->name());
  }
  return names;
}

absl::StatusOr<v1::Spec> SpecFromJson(const std::string& kind,
                                      const Json& json) {
  v1::Spec spec;
  const google::protobuf::FieldDescriptor* field =
      v1::Spec::descriptor()->FindFieldByName(kind);
  if (field == nullptr) {
    return MakeError(absl::StatusCode::kInvalidArgument,
                     "UNKNOWN_KIND",
                     "spec",
                     absl::StrCat("no kind \"",
                                  kind,
                                  "\"; nearest: ",
                                  NearestName(kind, KindNames())));
  }
  google::protobuf::Message& message =
      *v1::Spec::GetReflection()->MutableMessage(&spec, field);
  MODBOUND_RETURN_IF_ERROR(MessageFromJson(json, "spec." + kind, message));
  return spec;
}

absl::Status MessageFromJson(const Json& json,
                             const std::string& path,
                             google::protobuf::Message& message) {
  MODBOUND_RETURN_IF_ERROR(CheckJson(json, *message.GetDescriptor(), path));
  // The check left nothing to protobuf but times, lengths, base64 and two
  // members of one oneof.
  const auto status =
      google::protobuf::util::JsonStringToMessage(json.dump(), &message);
  if (!status.ok()) {
    const std::string text(status.message().data(), status.message().size());
    return MakeError(absl::StatusCode::kInvalidArgument,
                     "OUT_OF_RANGE",
                     path,
                     (path.empty() ? "" : path + ": ") + text);
  }
  return absl::OkStatus();
}

}  // namespace modbound
