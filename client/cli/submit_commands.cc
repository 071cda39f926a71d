#include "client/cli/submit_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/atomic_file.h"
#include "client/cli/deadline.h"
#include "client/cli/error.h"
#include "client/cli/inputs.h"
#include "client/cli/interrupt.h"
#include "client/cli/json_text.h"
#include "client/cli/random_uuid.h"
#include "client/cli/result.h"
#include "client/cli/spec_json.h"
#include "client/cli/wait.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

absl::StatusOr<v1::Spec> ReadSpec(const SubmitFlags& flags) {
  Json json = Json::object();
  if (!flags.spec.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(const std::string text, ReadText(flags.spec));
    absl::StatusOr<Json> parsed = ParseJson(text);
    if (!parsed.ok()) {
      return WithContext(parsed.status(), "--spec " + flags.spec);
    }
    json = *std::move(parsed);
  }
  return SpecFromJson(flags.kind, json);
}

absl::Status ReadLabels(const std::vector<std::string>& labels, v1::Job& job) {
  for (const std::string& text : labels) {
    MODBOUND_ASSIGN_OR_RETURN(const Assignment label,
                              ParseAssignment("--label", text));
    if (!job.mutable_labels()->insert({label.key, label.value}).second) {
      return UsageError("label \"" + label.key + "\" is given twice");
    }
  }
  return absl::OkStatus();
}

// Everything that can be wrong here is found before anything is sent.
absl::StatusOr<v1::Job> Send(Session& session, const SubmitFlags& flags) {
  v1::SubmitJobRequest request;
  v1::Job& job = *request.mutable_job();
  MODBOUND_ASSIGN_OR_RETURN(*job.mutable_spec(), ReadSpec(flags));
  MODBOUND_RETURN_IF_ERROR(ReadLabels(flags.labels, job));
  if (flags.priority) {
    job.set_priority(*flags.priority);
  }
  if (flags.no_cache) {
    job.set_no_cache(true);
  }
  if (flags.pinned) {
    job.set_pinned(true);
  }
  if (!flags.deadline.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(
        *job.mutable_deadline(),
        ParseDeadline(flags.deadline,
                      google::protobuf::util::TimeUtil::GetCurrentTime()));
  }
  MODBOUND_ASSIGN_OR_RETURN(InputFiles files,
                            ReadInputs(flags.inputs, flags.from, job));
  MODBOUND_ASSIGN_OR_RETURN(NewFolder out, NewFolder::Make(flags.out));
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  MODBOUND_RETURN_IF_ERROR(SendInputs(*connection, flags.kind, files, job));
  request.set_request_id(flags.request_id.empty() ? RandomUuid()
                                                  : flags.request_id);
  absl::StatusOr<v1::Job> submitted = connection->Call(
      connection->jobs(), &v1::JobService::Stub::SubmitJob, request);
  if (submitted.ok()) {
    out.Keep();
  }
  return submitted;
}

// Waits for the end of a job, leaves its result in `out` ("" = nowhere), prints
// it.
absl::StatusOr<v1::Job> Finish(Session& session,
                               v1::Job submitted,
                               const std::string& out) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  Interrupt interrupt;
  std::vector<Awaited> jobs(1);
  jobs.front().job = std::move(submitted);
  jobs.front().out = out;
  v1::Job& job = jobs.front().job;
  Wait wait(session, interrupt);
  const absl::Status status = wait.ForAll(jobs, [&](size_t /*index*/) {
    return out.empty() ? absl::OkStatus()
                       : WriteResult(*connection, job, out, false, interrupt);
  });
  session.PrintJob(job);
  MODBOUND_RETURN_IF_ERROR(status);
  MODBOUND_RETURN_IF_ERROR(EndOf(job));
  return std::move(job);
}

}  // namespace

absl::Status Submit(Session& session, const SubmitFlags& flags) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::Job job, Send(session, flags));
  session.PrintJob(job);
  return absl::OkStatus();
}

absl::Status Run(Session& session, const SubmitFlags& flags) {
  MODBOUND_ASSIGN_OR_RETURN(v1::Job job, Send(session, flags));
  return Finish(session, std::move(job), flags.out).status();
}

absl::Status Reproduce(Session& session, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ReproduceJobRequest request;
  request.set_id(id);
  request.set_request_id(RandomUuid());
  MODBOUND_ASSIGN_OR_RETURN(
      v1::Job again,
      connection->Call(
          connection->jobs(), &v1::JobService::Stub::ReproduceJob, request));
  MODBOUND_ASSIGN_OR_RETURN(const v1::Job job,
                            Finish(session, std::move(again), ""));
  const v1::Reproduction& reproduction = job.reproduction();
  if (reproduction.same()) {
    return absl::OkStatus();
  }
  return WithExitCode(
      absl::FailedPreconditionError(
          reproduction.has_same()
              ? absl::StrCat("job ",
                             job.id(),
                             " differs from job ",
                             id,
                             " in ",
                             absl::StrJoin(reproduction.different(), ", "))
              : absl::StrCat("job ", id, " was deleted meanwhile")),
      kExitJobFailed);
}

}  // namespace modbound
