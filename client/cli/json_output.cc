#include "client/cli/json_output.h"

#include <map>
#include <memory>
#include <string>

#include "google/protobuf/util/json_util.h"

namespace modbound {
namespace {

bool WriteJson(const google::protobuf::Message& message, std::string& text) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  return google::protobuf::util::MessageToJsonString(message, &text, options)
      .ok();
}

// An error detail of a type that this client does not know has no JSON: left
// out, the rest is worth more.
void DropErrorDetails(google::protobuf::Message& message) {
  if (auto* job = google::protobuf::DynamicCastToGenerated<v1::Job>(&message)) {
    job->mutable_error()->clear_details();
  } else if (auto* event =
                 google::protobuf::DynamicCastToGenerated<v1::JobEvent>(
                     &message)) {
    if (event->has_snapshot()) {
      event->mutable_snapshot()->mutable_error()->clear_details();
    } else if (event->has_state_change()) {
      event->mutable_state_change()->mutable_error()->clear_details();
    }
  }
}

}  // namespace

Json ToJson(const google::protobuf::Message& message) {
  std::string text;
  if (!WriteJson(message, text)) {
    const std::unique_ptr<google::protobuf::Message> copy(message.New());
    copy->CopyFrom(message);
    DropErrorDetails(*copy);
    text.clear();
    WriteJson(*copy, text);
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json::object() : json;
}

Json SummaryJson(const v1::Job& job) {
  Json json;
  json["job_id"] = job.id();
  json["kind"] = job.kind();
  json["state"] = v1::JobState::State_Name(job.state());
  if (job.has_error()) {
    json["error"] = ToJson(job)["error"];
  }
  const Json summary = ToJson(job.summary());
  for (const auto& [name, fields] : summary.items()) {
    // The others are the kind's, of which one is set.
    if (name == "ensemble") {
      json[name] = fields;
    } else {
      json.update(fields);
    }
  }
  // In their order, so that the same result is the same text.
  const std::map<std::string, v1::Array> outputs(job.outputs().begin(),
                                                 job.outputs().end());
  json["outputs"] = Json::object();
  for (const auto& [name, array] : outputs) {
    json["outputs"][name] = ToJson(array);
  }
  json["provenance"] = ToJson(job.provenance());
  json["cache_info"] = ToJson(job.cache_info());
  return json;
}

}  // namespace modbound
