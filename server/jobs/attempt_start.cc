#include "server/jobs/attempt_start.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/executors/attempt.h"
#include "server/files/file_io.h"
#include "server/jobs/definite_inputs.h"
#include "server/jobs/job_rows.h"

namespace modbound {
namespace {

absl::Status AddInputs(Connection& connection,
                       const v1::Job& job,
                       internal::AttemptSpec& spec) {
  MODBOUND_ASSIGN_OR_RETURN(const auto inputs, DefiniteInputs(connection, job));
  int index = 0;
  for (const auto& [name, input] : inputs) {
    internal::AttemptSpec::File& file = (*spec.mutable_inputs())[name];
    *file.mutable_array() = input;
    file.set_path(absl::StrCat("inputs/", index++));
    const v1::Array& array = file.array();
    MODBOUND_ASSIGN_OR_RETURN(auto facts,
                              ArtifactStore::KnownFacts(connection,
                                                        array.artifact(),
                                                        array.dtype(),
                                                        {array.shape().begin(),
                                                         array.shape().end()}));
    if (facts.has_value()) {
      *file.mutable_facts() = *std::move(facts);
    }
    MODBOUND_RETURN_IF_ERROR(
        InsertArtifactUse(connection, job.id(), file.array().artifact()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AttemptStart> StartAttempt(Connection& connection,
                                          JobTransitions& transitions,
                                          const std::string& job,
                                          const std::string& token) {
  AttemptStart start;
  MODBOUND_ASSIGN_OR_RETURN(start.started, transitions.Start(job, token));
  if (!start.started) {
    return start;
  }
  MODBOUND_ASSIGN_OR_RETURN(StoredJob stored, LoadAnyJob(connection, job));
  start.spec.set_job_id(job);
  start.spec.set_attempt(stored.job.attempts());
  start.spec.set_token(token);
  *start.spec.mutable_spec() = std::move(*stored.job.mutable_spec());
  start.spec.set_reproduces(stored.job.reproduction().source_job());
  start.inputs = AddInputs(connection, stored.job, start.spec);
  // Not the job's fault, and the store may have undone the change.
  if (absl::IsResourceExhausted(start.inputs)) {
    return start.inputs;
  }
  return start;
}

absl::Status FillAttemptDirectory(ArtifactStore& artifacts,
                                  const std::string& dir,
                                  internal::AttemptSpec spec) {
  for (auto& [name, file] : *spec.mutable_inputs()) {
    MODBOUND_ASSIGN_OR_RETURN(
        auto bytes,
        artifacts.LinkOrRead(file.array().artifact(),
                             absl::StrCat(dir, "/", file.path())));
    if (bytes.has_value()) {
      file.clear_path();
      file.set_small_bytes(*std::move(bytes));
    }
  }
  return WriteAttemptSpec(dir, spec);
}

}  // namespace modbound
