#include "server/jobs/open_job_limit.h"

#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "server/errors/quota_error.h"

namespace modbound {
namespace {

absl::StatusOr<int64_t> CountOpen(Connection& connection,
                                  const std::string& owner) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT COUNT(*) FROM job WHERE owner = ?1 AND state < 4"));
  MODBOUND_RETURN_IF_ERROR(statement.Bind(1, owner).Step().status());
  return statement.Int(0);
}

}  // namespace

absl::Status OpenJobLimit::Take(Connection& connection,
                                const std::string& owner,
                                int64_t more) {
  if (most_ == 0) {
    return absl::OkStatus();
  }
  // Unknown at first, as if it were full.
  int64_t& at_most = at_most_.try_emplace(owner, most_).first->second;
  if (at_most + more > most_) {
    MODBOUND_ASSIGN_OR_RETURN(at_most, CountOpen(connection, owner));
    if (at_most + more > most_) {
      return QuotaError("QUOTA_EXCEEDED",
                        {owner,
                         "jobs that have not ended",
                         most_,
                         at_most,
                         more,
                         "max_open_per_owner"});
    }
  }
  at_most += more;
  return absl::OkStatus();
}

}  // namespace modbound
