#include "server/jobs/accept_jobs.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"
#include "server/jobs/job_view.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

absl::Status SaveRequest(Connection& connection,
                         const RequestKey& key,
                         const std::vector<std::string>& ids) {
  if (key.request_id.empty()) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT INTO request(owner, request_id, body_sha256, "
                         "jobs, created_us) VALUES(?1, ?2, ?3, ?4, ?5)"));
  return statement.Bind(1, key.owner)
      .Bind(2, key.request_id)
      .Bind(3, key.body_sha256)
      .Bind(4, absl::StrJoin(ids, " "))
      .Bind(5, WallMicros())
      .Run();
}

// Commits the inline arrays of a job and notes its use of them and of other
// artifacts. `there`: digests that an earlier job of this change found or
// committed.
absl::Status TakeArtifacts(Connection& connection,
                           const PlannedJob& job,
                           std::set<std::string>& there) {
  for (const StagedArtifact& artifact : job.staged) {
    if (there.insert(artifact.digest).second) {
      MODBOUND_RETURN_IF_ERROR(ArtifactStore::Commit(connection, artifact));
    }
  }
  for (const std::string& digest : job.artifacts) {
    if (there.insert(digest).second) {
      MODBOUND_ASSIGN_OR_RETURN(
          Statement statement,
          connection.Prepare("SELECT 1 FROM artifact WHERE digest = ?1"));
      MODBOUND_ASSIGN_OR_RETURN(const bool found,
                                statement.Bind(1, digest).Step());
      if (!found) {
        return MakeError(absl::StatusCode::kNotFound,
                         "ARTIFACT_NOT_FOUND",
                         job.path + "inputs",
                         absl::StrCat("artifact ", digest, " was removed"));
      }
    }
    MODBOUND_RETURN_IF_ERROR(
        InsertArtifactUse(connection, job.row.job.id(), digest));
  }
  return absl::OkStatus();
}

// Room for the inline arrays of all jobs, and for what they are planned to make
// until they end.
absl::Status ReserveRoom(Connection& connection,
                         const ArtifactStore& artifacts,
                         const std::string& owner,
                         const std::vector<PlannedJob>& jobs) {
  if (!artifacts.has_limits()) {
    return absl::OkStatus();
  }
  MoreBytes more;
  more.owner = owner;
  for (const PlannedJob& job : jobs) {
    for (const StagedArtifact& artifact : job.staged) {
      more.arrays[artifact.digest] = artifact.size_bytes;
    }
    more.others += job.row.schedule.reserved_bytes;
  }
  MODBOUND_RETURN_IF_ERROR(artifacts.CheckFits(connection, more));
  return ReserveBytes(connection, owner, more.others);
}

// WAITING when a job it needs has not ended. `accepted`: ids of this request.
absl::StatusOr<JobStateEnum> FirstState(Connection& connection,
                                        const PlannedJob& job,
                                        const std::set<std::string>& accepted) {
  JobStateEnum first = v1::JobState::QUEUED;
  for (const std::string& need : job.needs) {
    if (accepted.count(need) > 0) {
      first = v1::JobState::WAITING;
      continue;
    }
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare("SELECT state FROM job WHERE id = ?1"));
    MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Bind(1, need).Step());
    const auto state =
        found ? static_cast<JobStateEnum>(statement.Int(0)) : JobStateEnum();
    if (!found) {
      return MakeError(absl::StatusCode::kNotFound,
                       "JOB_NOT_FOUND",
                       job.path + "inputs",
                       absl::StrCat("job ", need, " was deleted"));
    }
    if (!HasEnded(state)) {
      first = v1::JobState::WAITING;
    } else if (state != v1::JobState::SUCCEEDED) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition,
          "DEPENDENCY_FAILED",
          job.path + "inputs",
          absl::StrCat(
              "job ", need, " is ", StateWord(state), ": it has no result"));
    }
  }
  return first;
}

}  // namespace

absl::StatusOr<std::optional<std::vector<std::string>>> FindRequest(
    Connection& connection, const RequestKey& key) {
  using Found = std::optional<std::vector<std::string>>;
  if (key.request_id.empty()) {
    return Found();
  }
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT body_sha256, jobs FROM request WHERE owner = "
                         "?1 AND request_id = ?2"));
  statement.Bind(1, key.owner).Bind(2, key.request_id);
  MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Step());
  if (!found) {
    return Found();
  }
  if (statement.Text(0) != key.body_sha256) {
    return Refuse("REQUEST_ID_REUSED",
                  "request_id",
                  absl::StrCat("request_id ",
                               Quoted(key.request_id),
                               " came before with another body"));
  }
  const std::vector<std::string> ids =
      absl::StrSplit(statement.Text(1), ' ', absl::SkipEmpty());
  return Found(ids);
}

absl::StatusOr<std::optional<std::vector<std::string>>> AcceptJobs(
    Connection& connection,
    JobTransitions& transitions,
    const RequestKey& key,
    OpenJobLimit& open_jobs,
    const ArtifactStore& artifacts,
    std::vector<PlannedJob>& jobs) {
  MODBOUND_ASSIGN_OR_RETURN(auto earlier, FindRequest(connection, key));
  if (earlier.has_value()) {
    return earlier;
  }
  MODBOUND_RETURN_IF_ERROR(
      open_jobs.Take(connection, key.owner, static_cast<int64_t>(jobs.size())));
  MODBOUND_RETURN_IF_ERROR(ReserveRoom(connection, artifacts, key.owner, jobs));
  std::vector<std::string> ids;
  ids.reserve(jobs.size());
  for (const PlannedJob& job : jobs) {
    ids.push_back(job.row.job.id());
  }
  const std::set<std::string> accepted(ids.begin(), ids.end());
  std::set<std::string> there;
  for (PlannedJob& job : jobs) {
    NewJob& row = job.row;
    MODBOUND_ASSIGN_OR_RETURN(row.state, FirstState(connection, job, accepted));
    if (row.state == v1::JobState::QUEUED) {
      row.schedule.ready_us = row.submit_us;
    }
    MODBOUND_RETURN_IF_ERROR(transitions.Submit(row));
    MODBOUND_RETURN_IF_ERROR(TakeArtifacts(connection, job, there));
    for (const std::string& need : job.needs) {
      MODBOUND_RETURN_IF_ERROR(
          InsertDependency(connection, row.job.id(), need));
    }
  }
  MODBOUND_RETURN_IF_ERROR(SaveRequest(connection, key, ids));
  return earlier;
}

v1::Job JobAsAccepted(const NewJob& row) {
  v1::Job job = row.job;
  job.clear_outputs();
  job.set_state(row.state);
  return job;
}

absl::StatusOr<v1::SubmitGraphResponse> LoadResponse(
    Connection& connection,
    const std::string& owner,
    const std::vector<std::string>& ids) {
  std::vector<v1::Job> jobs;
  jobs.reserve(ids.size());
  for (const std::string& id : ids) {
    MODBOUND_ASSIGN_OR_RETURN(StoredJob stored, LoadJob(connection, owner, id));
    jobs.push_back(std::move(stored.job));
  }
  return SubmitResponse(static_cast<int>(jobs.size()), [&](int i) {
    return jobs[static_cast<std::size_t>(i)];
  });
}

}  // namespace modbound
