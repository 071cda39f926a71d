#include "server/jobs/producers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"

namespace modbound {
namespace {

KnownOutput KnownFrom(const v1::Array& array) {
  return {array.dtype(),
          {array.shape().begin(), array.shape().end()},
          array.artifact(),
          {array.axes().begin(), array.axes().end()}};
}

absl::Status NoProducer(const std::string& word) {
  const absl::Status error = JobNotFound(word);
  return MakeError(error.code(),
                   ReasonOf(error),
                   "",
                   absl::StrCat(std::string(error.message()),
                                "; allowed: the id of a job of yours, or the "
                                "name of another node of the same graph"));
}

}  // namespace

void Producers::AddNode(const std::string& name, Producer producer) {
  producer.called = absl::StrCat("node ", Quoted(name));
  nodes_[name] = std::move(producer);
}

absl::StatusOr<const Producer*> Producers::Find(const std::string& word) {
  if (const auto node = nodes_.find(word); node != nodes_.end()) {
    return &node->second;
  }
  if (const auto job = jobs_.find(word); job != jobs_.end()) {
    return &job->second;
  }
  absl::StatusOr<Producer> producer = Load(word);
  if (absl::IsNotFound(producer.status())) {
    return NoProducer(word);
  }
  MODBOUND_RETURN_IF_ERROR(producer.status());
  return &(jobs_[word] = *std::move(producer));
}

absl::StatusOr<Producer> Producers::Load(const std::string& id) {
  StoredJob stored;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(stored, LoadJob(connection, owner_, id));
        return absl::OkStatus();
      }));
  const JobStateEnum state = stored.job.state();
  if (HasEnded(state) && state != v1::JobState::SUCCEEDED) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        "DEPENDENCY_FAILED",
        "",
        absl::StrCat(
            "job ", id, " is ", StateWord(state), ": it has no result"));
  }
  Producer producer;
  producer.id = id;
  producer.called = absl::StrCat("job ", id);
  producer.spec = std::move(*stored.job.mutable_spec());
  if (state == v1::JobState::SUCCEEDED) {
    for (const auto& [name, array] : stored.job.outputs()) {
      producer.outputs[name] = KnownFrom(array);
    }
  } else {
    for (const auto& [name, array] : stored.planned_outputs) {
      producer.outputs[name] = KnownFrom(array);
    }
  }
  return producer;
}

std::map<std::string, KnownOutput> KnownOutputs(const Plan& plan) {
  std::map<std::string, KnownOutput> known;
  for (const PlannedOutput& output : plan.outputs) {
    known[output.name] = {output.dtype, output.shape, "", output.axes};
  }
  return known;
}

}  // namespace modbound
