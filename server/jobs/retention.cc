#include "server/jobs/retention.h"

#include <utility>

#include "core/base/error.h"
#include "server/jobs/delete_job.h"

namespace modbound {
namespace {

struct Expired {
  std::string id;
  std::string owner;
};

absl::StatusOr<std::vector<Expired>> FindExpired(Connection& connection,
                                                 int64_t before_us,
                                                 int64_t most) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT id, owner FROM job WHERE state >= 4 AND pinned = 0 AND "
          "end_us < ?1 AND NOT EXISTS(SELECT 1 FROM dependency d JOIN job j ON "
          "j.id = d.job WHERE d.needs = job.id AND j.state < 4) ORDER BY "
          "end_us LIMIT ?2"));
  statement.Bind(1, before_us).Bind(2, most);
  std::vector<Expired> expired;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return expired;
    }
    expired.push_back({statement.Text(0), statement.Text(1)});
  }
}

}  // namespace

absl::StatusOr<RemovedJobs> RemoveJobsEndedBefore(Connection& connection,
                                                  int64_t before_us,
                                                  int64_t most) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<Expired> expired,
                            FindExpired(connection, before_us, most));
  RemovedJobs removed;
  for (const Expired& job : expired) {
    MODBOUND_ASSIGN_OR_RETURN(std::vector<std::string> digests,
                              DeleteJobRows(connection, job.owner, job.id));
    removed.jobs.push_back(job.id);
    removed.digests.insert(
        removed.digests.end(), digests.begin(), digests.end());
  }
  return removed;
}

// A request's jobs stand in the order in which they were made; the first one
// stands for all.
absl::StatusOr<std::vector<RequestName>> FindForgettable(Connection& connection,
                                                         int64_t before_us,
                                                         int64_t most) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT owner, request_id FROM request WHERE created_us < ?1 AND NOT "
          "EXISTS(SELECT 1 FROM job WHERE job.id = substr(request.jobs, 1, "
          "instr(request.jobs || ' ', ' ') - 1)) LIMIT ?2"));
  statement.Bind(1, before_us).Bind(2, most);
  std::vector<RequestName> found;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return found;
    }
    found.push_back({statement.Text(0), statement.Text(1)});
  }
}

absl::Status ForgetRequests(Connection& connection,
                            const std::vector<RequestName>& requests) {
  for (const auto& [owner, request_id] : requests) {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare(
            "DELETE FROM request WHERE owner = ?1 AND request_id = ?2"));
    MODBOUND_RETURN_IF_ERROR(
        statement.Bind(1, owner).Bind(2, request_id).Run());
  }
  return absl::OkStatus();
}

}  // namespace modbound
