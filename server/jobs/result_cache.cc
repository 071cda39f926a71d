#include "server/jobs/result_cache.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/guarded.h"
#include "server/jobs/definite_inputs.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/result_room.h"
#include "server/jobs/result_rows.h"

namespace modbound {
namespace {

enum class Answered { kYes, kNotQueued, kNoSource };

JobEnd EndWith(const v1::Job& source, const std::string& owner) {
  JobEnd end;
  end.state = v1::JobState::SUCCEEDED;
  *end.result.mutable_summary() = source.summary();
  *end.result.mutable_outputs() = source.outputs();
  *end.result.mutable_provenance() = source.provenance();
  end.result.mutable_cache_info()->set_hit(true);
  if (source.owner() == owner) {
    end.result.mutable_cache_info()->set_source_job(source.id());
  }
  return end;
}

absl::Status UseArtifacts(Connection& connection,
                          const v1::Job& job,
                          const v1::Job& source) {
  MODBOUND_ASSIGN_OR_RETURN(const auto inputs, DefiniteInputs(connection, job));
  for (const auto& [name, input] : inputs) {
    MODBOUND_RETURN_IF_ERROR(
        InsertArtifactUse(connection, job.id(), input.artifact()));
  }
  for (const auto& [name, output] : source.outputs()) {
    MODBOUND_RETURN_IF_ERROR(
        InsertArtifactUse(connection, job.id(), output.artifact()));
  }
  return absl::OkStatus();
}

// Inside a change: both may have changed since they were looked at.
absl::StatusOr<Answered> CommitAnswer(Connection& connection,
                                      JobTransitions& transitions,
                                      const ArtifactStore& artifacts,
                                      const std::string& id,
                                      const std::string& source_id) {
  const auto job = LoadAnyJob(connection, id);
  if (absl::IsNotFound(job.status())) {
    return Answered::kNotQueued;
  }
  MODBOUND_RETURN_IF_ERROR(job.status());
  if (job->job.state() != v1::JobState::QUEUED) {
    return Answered::kNotQueued;
  }
  const auto source = LoadAnyJob(connection, source_id);
  if (absl::IsNotFound(source.status())) {
    return Answered::kNoSource;
  }
  MODBOUND_RETURN_IF_ERROR(source.status());
  // To this owner the arrays of another's result are new.
  const absl::Status fits =
      CheckResultFits(connection, artifacts, id, source->job);
  if (DoesNotFit(fits)) {
    MODBOUND_RETURN_IF_ERROR(
        transitions.EndUnstarted(id, EndedBy(v1::JobState::FAILED, fits))
            .status());
    return Answered::kYes;
  }
  MODBOUND_RETURN_IF_ERROR(fits);
  MODBOUND_RETURN_IF_ERROR(UseArtifacts(connection, job->job, source->job));
  MODBOUND_RETURN_IF_ERROR(
      transitions.EndUnstarted(id, EndWith(source->job, job->job.owner()))
          .status());
  return Answered::kYes;
}

bool IsDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status);
}

}  // namespace

absl::Status ResultCache::Answer(const std::string& job,
                                 const std::string& key,
                                 Done done) {
  const auto shared = std::make_shared<Done>(std::move(done));
  const bool started = threads_.Start([this, job, key, shared] {
    absl::StatusOr<bool> answered =
        Guarded([&] { return TryAll(job, key); }, ShortOfMemory);
    (*shared)(std::move(answered));
  });
  return started ? absl::OkStatus()
                 : MakeError(absl::StatusCode::kUnavailable,
                             "OVERLOADED",
                             "",
                             "the machine has no thread left for an answer");
}

absl::StatusOr<bool> ResultCache::TryAll(const std::string& job,
                                         const std::string& key) {
  while (true) {
    std::string source;
    MODBOUND_RETURN_IF_ERROR(
        database_.Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(source, FirstResult(connection, key));
          return absl::OkStatus();
        }));
    if (source.empty()) {
      return false;
    }
    const absl::Status sound = CheckOutputs(source);
    if (IsDamage(sound)) {
      spdlog::error(
          "event=result_damaged job={} error=\"{}\"", source, LogText(sound));
      MODBOUND_RETURN_IF_ERROR(
          database_.WriteAndWait([&](Connection& connection) {
            return WithdrawResult(connection, source);
          }));
      continue;
    }
    MODBOUND_RETURN_IF_ERROR(sound);
    Answered answered = Answered::kYes;
    MODBOUND_RETURN_IF_ERROR(
        writer_.WriteAndWait([&](Connection& connection,
                                 JobTransitions& transitions) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              answered,
              CommitAnswer(connection, transitions, artifacts_, job, source));
          ReachFailpoint(Failpoint::kAnswerWritten);
          return absl::OkStatus();
        }));
    ReachFailpoint(Failpoint::kAnswerCommitted);
    if (answered != Answered::kNoSource) {
      return true;
    }
  }
}

absl::Status ResultCache::CheckOutputs(const std::string& source) {
  v1::Job job;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(StoredJob stored,
                                  LoadAnyJob(connection, source));
        job = std::move(stored.job);
        return absl::OkStatus();
      }));
  for (const auto& [name, output] : job.outputs()) {
    MODBOUND_RETURN_IF_ERROR(artifacts_.Check(output.artifact()));
  }
  return absl::OkStatus();
}

}  // namespace modbound
