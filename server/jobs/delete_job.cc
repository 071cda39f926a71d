#include "server/jobs/delete_job.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_rows.h"

namespace modbound {
namespace {

absl::Status WrongState(const std::string& message) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "WRONG_STATE", "", message);
}

absl::Status CheckDeletable(Connection& connection,
                            const std::string& owner,
                            const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(const StoredJob stored,
                            LoadJob(connection, owner, id));
  if (!HasEnded(stored.job.state())) {
    return WrongState(absl::StrCat("job ",
                                   id,
                                   " is ",
                                   StateWord(stored.job.state()),
                                   "; only ended jobs can be deleted"));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> users,
      TextColumn(connection,
                 "SELECT d.job FROM dependency d JOIN job j ON j.id = d.job "
                 "WHERE d.needs = ?1 AND j.state < 4 LIMIT 1",
                 id));
  return users.empty()
             ? absl::OkStatus()
             : WrongState(absl::StrCat("job ",
                                       users.front(),
                                       ", which has not ended, needs job ",
                                       id));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> DeleteJobRows(Connection& connection,
                                                       const std::string& owner,
                                                       const std::string& id) {
  MODBOUND_RETURN_IF_ERROR(CheckDeletable(connection, owner, id));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> digests,
      TextColumn(
          connection, "SELECT digest FROM artifact_use WHERE job = ?1", id));
  for (const char* sql : {"DELETE FROM artifact_use WHERE job = ?1",
                          "DELETE FROM dependency WHERE job = ?1",
                          "DELETE FROM dependency WHERE needs = ?1",
                          "DELETE FROM job_label WHERE job = ?1",
                          "DELETE FROM event WHERE job = ?1",
                          "INSERT INTO log_removal (job) VALUES (?1)",
                          "DELETE FROM job WHERE id = ?1"}) {
    MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
    MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Run());
  }
  if (digests.empty()) {
    return digests;
  }
  return ArtifactStore::CommitRemoveUnused(connection, digests);
}

absl::Status FinishLogRemovals(Database& database, JobLogs& logs) {
  std::vector<std::string> jobs;
  MODBOUND_RETURN_IF_ERROR(
      database.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            jobs, TextColumn(connection, "SELECT job FROM log_removal"));
        return absl::OkStatus();
      }));
  if (jobs.empty()) {
    return absl::OkStatus();
  }
  for (const std::string& job : jobs) {
    logs.Remove(job);
  }
  return database.WriteAndWait([](Connection& connection) {
    return connection.Execute("DELETE FROM log_removal");
  });
}

}  // namespace modbound
