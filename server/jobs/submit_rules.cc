#include "server/jobs/submit_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/analyses/field_rules.h"
#include "server/artifacts/sha256.h"
#include "server/jobs/job_state.h"
#include "server/jobs/job_time.h"
#include "server/jobs/text_rules.h"

namespace modbound {
namespace {

absl::Status TooMany(const std::string& field, int64_t count, int64_t most) {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      "TOO_LARGE",
      field,
      absl::StrCat(field, " has ", count, " entries; allowed: ", most));
}

// Every field that is set must be one that clients set.
absl::Status CheckOwnFields(const v1::Job& job, const std::string& path) {
  constexpr std::array kClientFields = {v1::Job::kSpecFieldNumber,
                                        v1::Job::kInputsFieldNumber,
                                        v1::Job::kLabelsFieldNumber,
                                        v1::Job::kPriorityFieldNumber,
                                        v1::Job::kDeadlineFieldNumber,
                                        v1::Job::kMaxRunTimeFieldNumber,
                                        v1::Job::kNoCacheFieldNumber,
                                        v1::Job::kPinnedFieldNumber};
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  job.GetReflection()->ListFields(job, &fields);
  for (const auto* field : fields) {
    if (std::find(kClientFields.begin(),
                  kClientFields.end(),
                  field->number()) == kClientFields.end()) {
      const std::string name = path + field->name();
      return Refuse(reason::kContradiction,
                    name,
                    absl::StrCat(name, " is set by the server; leave it out"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLabels(const v1::Job& job, const std::string& path) {
  const std::string field = path + "labels";
  if (job.labels_size() > kMaxLabels) {
    return TooMany(field, job.labels_size(), kMaxLabels);
  }
  for (const auto& [key, value] : job.labels()) {
    MODBOUND_RETURN_IF_ERROR(CheckText(key, 1, 63, field));
    MODBOUND_RETURN_IF_ERROR(CheckText(value, 0, 255, field));
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const v1::Job& job,
                        const std::string& path,
                        int64_t now_us) {
  if (job.has_deadline() &&
      (!IsValid(job.deadline()) || ToMicros(job.deadline()) <= now_us)) {
    return Refuse(reason::kOutOfRange,
                  path + "deadline",
                  absl::StrCat(path,
                               "deadline is ",
                               job.deadline().seconds(),
                               " s since 1970; allowed: after now, ",
                               now_us / 1000000,
                               " s, and before the year 10000"));
  }
  if (job.has_max_run_time() &&
      (!IsValid(job.max_run_time()) || ToMicros(job.max_run_time()) <= 0)) {
    return Refuse(reason::kOutOfRange,
                  path + "max_run_time",
                  absl::StrCat(path,
                               "max_run_time is ",
                               job.max_run_time().seconds(),
                               " s; allowed: > 0"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRequestId(const std::string& request_id) {
  return CheckText(request_id, 0, 128, "request_id");
}

absl::Status CheckSubmittedJob(const v1::Job& job,
                               const std::string& path,
                               int64_t now_us) {
  // Unknown fields have no names: the message that holds them is named.
  MODBOUND_RETURN_IF_ERROR(RefuseUnknownFields(
      job, path.empty() ? "job" : path.substr(0, path.size() - 1)));
  MODBOUND_RETURN_IF_ERROR(CheckOwnFields(job, path));
  MODBOUND_RETURN_IF_ERROR(CheckLabels(job, path));
  if (job.priority() < -kMaxPriority || job.priority() > kMaxPriority) {
    return Refuse(
        reason::kOutOfRange,
        path + "priority",
        absl::StrCat(
            path, "priority is ", job.priority(), "; allowed: -1000 to 1000"));
  }
  return CheckTimes(job, path, now_us);
}

absl::Status CheckNodes(const v1::SubmitGraphRequest& request) {
  if (request.nodes().empty()) {
    return Refuse(reason::kMissingField,
                  "nodes",
                  "nodes is empty; a graph has at least one");
  }
  if (request.nodes_size() > kMaxNodes) {
    return TooMany("nodes", request.nodes_size(), kMaxNodes);
  }
  std::set<std::string> names;
  for (int i = 0; i < request.nodes_size(); ++i) {
    const std::string& name = request.nodes(i).name();
    const bool well_formed = IsNodeName(name);
    if (well_formed && names.insert(name).second) {
      continue;
    }
    const std::string field = absl::StrCat("nodes[", i, "].name");
    return Refuse(
        "BAD_NAME",
        field,
        absl::StrCat(field,
                     " is ",
                     Quoted(name),
                     well_formed ? ", which an earlier node has already"
                                 : "; allowed: 1 to 64 of a-z A-Z 0-9 _ . -"));
  }
  return absl::OkStatus();
}

std::string BodyDigest(std::string_view method,
                       const google::protobuf::Message& body) {
  std::string bytes(method);
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    body.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

}  // namespace modbound
