#include "server/jobs/result_rows.h"

#include "core/base/error.h"
#include "server/jobs/cache_key.h"
#include "server/jobs/definite_inputs.h"
#include "server/jobs/job_rows.h"

namespace modbound {

absl::StatusOr<std::string> KeyOfReadyJob(Connection& connection,
                                          const v1::Job& job) {
  const auto inputs = DefiniteInputs(connection, job);
  if (absl::IsNotFound(inputs.status())) {
    return "";
  }
  MODBOUND_RETURN_IF_ERROR(inputs.status());
  return CacheKey(job.spec(), *inputs);
}

absl::StatusOr<std::string> FirstResult(Connection& connection,
                                        const std::string& key) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> found,
      TextColumn(connection,
                 "SELECT id FROM job WHERE cache_key = ?1 AND cache_key != '' "
                 "AND state = 4 ORDER BY number LIMIT 1",
                 key));
  return found.empty() ? "" : found.front();
}

absl::StatusOr<bool> HasResult(Connection& connection, const std::string& key) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string first,
                            FirstResult(connection, key));
  return !first.empty();
}

absl::Status WithdrawResult(Connection& connection, const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("UPDATE job SET cache_key = '' WHERE id = ?1"));
  return statement.Bind(1, job).Run();
}

}  // namespace modbound
